/* SRTP of what leaves with AES-128-GCM (RFC 7714 §8): one cipher for all that goes to a peer.
 *
 * A slot knows the whole number of a packet, so there is no rollover to estimate and no list of streams to look
 * through. The cipher itself is OpenSSL's, by pointers, out of the library that brings libsrtp. Without it, and for
 * AES-CM, libsrtp protects. A nonce is the SSRC and the number: `first_time` refuses a number that went out. */

static plane_cipher cipher;

enum { EVP_CTRL_AEAD_GET_TAG = 0x10, GCM_TAG_BYTES = 16 };

struct sealer {
    void *context;
    uint8_t salt[12];
};

void plane_use_cipher(const plane_cipher *functions) { cipher = *functions; }

/* `key` (16 bytes) and `salt` (12) are the session's, derived from the master's (RFC 3711 §4.3); NULL when it cannot be made. */
sealer *sealer_new(const uint8_t *key, const uint8_t *salt)
{
    struct sealer *sealer = malloc(sizeof *sealer);
    if (!sealer)
        return NULL;
    memcpy(sealer->salt, salt, sizeof sealer->salt);
    sealer->context = cipher.create();
    if (!sealer->context || cipher.begin(sealer->context, cipher.kind(), NULL, key, NULL, 1) != 1) {
        sealer_free(sealer);
        return NULL;
    }
    return sealer;
}

void sealer_free(sealer *sealer)
{
    if (sealer->context)
        cipher.destroy(sealer->context); /* it wipes the key */
    free(sealer);
}

/* Encrypt what lies behind the header, in place, and write the tag behind it: there is room for GCM_TAG_BYTES.
 * `index` is the packet's number since these keys began (ROC and sequence number). 0 when the cipher refused. */
int sealer_seal(const sealer *sealer, uint8_t *packet, int header, int length, uint64_t index)
{
    uint8_t nonce[12] = {0};
    memcpy(nonce + 2, packet + 8, 4); /* the SSRC */
    put32(nonce + 6, (uint32_t)(index >> 16));
    put16(nonce + 10, (uint16_t)index);
    for (int i = 0; i < 12; i++)
        nonce[i] ^= sealer->salt[i];
    uint8_t *payload = packet + header;
    int size = length - header;
    void *context = sealer->context;
    return cipher.begin(context, NULL, NULL, NULL, nonce, -1) == 1 &&
           cipher.run(context, NULL, packet, (unsigned)header) == header &&
           (size == 0 || cipher.run(context, payload, payload, (unsigned)size) == size) &&
           cipher.run(context, NULL, NULL, 0) >= 0 &&
           cipher.control(context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, packet + length) == 1;
}

/* Whether nothing went out with this number yet; it is noted. Of numbers too old to be known nothing goes out. */
static bool first_time(struct numbers *sent, int64_t number)
{
    if (number > sent->newest) {
        if (number - sent->newest >= PLANE_SEALED_NUMBERS)
            memset(sent->seen, 0, sizeof sent->seen);
        else
            for (int64_t i = sent->newest + 1; i < number; i++)
                sent->seen[i % PLANE_SEALED_NUMBERS / 64] &= ~(1ull << i % 64);
        sent->newest = number;
    } else if (number <= sent->newest - PLANE_SEALED_NUMBERS ||
               sent->seen[number % PLANE_SEALED_NUMBERS / 64] >> number % 64 & 1) {
        return false;
    }
    sent->seen[number % PLANE_SEALED_NUMBERS / 64] |= 1ull << number % 64;
    return true;
}

/* Whether this number, one of the last PLANE_SEALED_NUMBERS, was noted. */
static bool is_noted(const struct numbers *sent, int64_t number)
{
    return number <= sent->newest && sent->seen[number % PLANE_SEALED_NUMBERS / 64] >> number % 64 & 1;
}

/* Nothing before this number goes out: another slot may have sent it with the same SSRC and keys. */
static void begin_numbers(struct numbers *sent, int64_t next)
{
    sent->newest = next - 1;
    memset(sent->seen, 0xFF, sizeof sent->seen);
}
