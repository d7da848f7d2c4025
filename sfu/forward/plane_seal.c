/* SRTP with AES-128-GCM (RFC 7714 §8): one cipher for all that goes to a peer, one for all that comes from it.
 *
 * The plane knows the whole number of a packet (the slot's, or plane_streams.c guesses it), so nothing is needed of
 * SRTP but a nonce. The cipher itself is OpenSSL's, by pointers, out of the library that brings libsrtp. Without it, and
 * for AES-CM, libsrtp protects and unprotects. A nonce is the SSRC and the number: `first_time` refuses a number that
 * went out. */

static plane_cipher cipher;

enum { EVP_CTRL_AEAD_GET_TAG = 0x10, EVP_CTRL_AEAD_SET_TAG = 0x11, GCM_TAG_BYTES = 16 };

struct sealer {
    void *context;
    uint8_t salt[12];
};

void plane_use_cipher(const plane_cipher *functions) { cipher = *functions; }

/* One that seals, or one that opens. `key` (16 bytes) and `salt` (12) are the session's, derived from the master's
 * (RFC 3711 §4.3); NULL when it cannot be made. */
sealer *sealer_new(const uint8_t *key, const uint8_t *salt, int seals)
{
    struct sealer *sealer = malloc(sizeof *sealer);
    if (!sealer)
        return NULL;
    memcpy(sealer->salt, salt, sizeof sealer->salt);
    sealer->context = cipher.create();
    if (!sealer->context || cipher.begin(sealer->context, cipher.kind(), NULL, key, NULL, seals) != 1) {
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

/* Give the cipher the nonce of this packet and its header, which stays readable. `index` is its number since these
 * keys began (ROC and sequence number). */
static bool begin_packet(const sealer *sealer, const uint8_t *packet, int header, uint64_t index)
{
    uint8_t nonce[12] = {0};
    memcpy(nonce + 2, packet + 8, 4); /* the SSRC */
    put32(nonce + 6, (uint32_t)(index >> 16));
    put16(nonce + 10, (uint16_t)index);
    for (int i = 0; i < 12; i++)
        nonce[i] ^= sealer->salt[i];
    return cipher.begin(sealer->context, NULL, NULL, NULL, nonce, -1) == 1 &&
           cipher.run(sealer->context, NULL, packet, (unsigned)header) == header;
}

/* Take what lies behind the header through the cipher, in place. */
static bool run_through(const sealer *sealer, uint8_t *payload, int size)
{
    return (size == 0 || cipher.run(sealer->context, payload, payload, (unsigned)size) == size) &&
           cipher.run(sealer->context, NULL, NULL, 0) >= 0;
}

/* Encrypt, and write the tag behind the packet: there is room for GCM_TAG_BYTES. 0 when the cipher refused. */
int sealer_seal(const sealer *sealer, uint8_t *packet, int header, int length, uint64_t index)
{
    return begin_packet(sealer, packet, header, index) && run_through(sealer, packet + header, length - header) &&
           cipher.control(sealer->context, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_BYTES, packet + length) == 1;
}

/* Decrypt; `length` is without the tag, which lies behind it. 0 when it is not what the peer sealed. */
int sealer_open(const sealer *sealer, uint8_t *packet, int header, int length, uint64_t index)
{
    return begin_packet(sealer, packet, header, index) &&
           cipher.control(sealer->context, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_BYTES, packet + length) == 1 &&
           run_through(sealer, packet + header, length - header);
}

/* --- which numbers went by: a bit for each of the last `window` (a multiple of 64) ---------------- */

/* Also true of numbers too old to be known. */
static inline bool went_by(const uint64_t *seen, int window, int64_t newest, int64_t number)
{
    return number <= newest && (number <= newest - window || seen[number % window / 64] >> number % 64 & 1);
}

static inline void note_number(uint64_t *seen, int window, int64_t *newest, int64_t number)
{
    if (number - *newest >= window)
        memset(seen, 0, (size_t)window / 8);
    else
        for (int64_t i = *newest + 1; i < number; i++)
            seen[i % window / 64] &= ~(1ull << i % 64);
    if (number > *newest)
        *newest = number;
    seen[number % window / 64] |= 1ull << number % 64;
}

/* Whether nothing went out with this number yet; it is noted. Of numbers too old to be known nothing goes out. */
static bool first_time(struct numbers *sent, int64_t number)
{
    if (went_by(sent->seen, PLANE_SEALED_NUMBERS, sent->newest, number))
        return false;
    note_number(sent->seen, PLANE_SEALED_NUMBERS, &sent->newest, number);
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
