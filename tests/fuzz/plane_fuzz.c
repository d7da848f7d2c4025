/* Feeds the native plane hostile datagrams and random commands, for AddressSanitizer and UBSan to watch.
 *
 * It includes plane.c and takes the data thread's part itself: datagrams are laid into the receive cells
 * (poisoned behind their length, so that a read past a packet is a fault), commands go through the ring,
 * what is sent leaves by a real socket to a sink. SRTP is a passthrough with a tag: here everybody has the
 * right key, which is the worst case. Usage: plane_fuzz SEED ROUNDS. It prints what happened and fails when
 * something that has to happen never did. */
#include "../../sfu/forward/plane.c"

#include <arpa/inet.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>

#define PEERS 6
#define SOURCES 8
#define SLOTS 24
#define TAG 16

static uint64_t state;
static uint32_t chance(void) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(state * 0x2545F4914F6CDD1Du >> 32);
}
static uint32_t below(uint32_t n) { return chance() % n; }

static double seconds = 1000;
static double fuzz_clock(void *unused) { (void)unused; return seconds; }

static int fuzz_protect(void *session, void *packet, int *length)
{
    (void)session;
    if (below(500) == 0)
        return SRTP_REPLAY_FAIL;
    memset((uint8_t *)packet + *length, 0xAA, TAG);
    *length += TAG;
    return SRTP_OK;
}

static int fuzz_unprotect(void *session, void *packet, int *length)
{
    (void)session;
    if (*length < FIXED_HEADER + TAG)
        abort(); /* the plane has to see to that */
    *length -= TAG;
    ASAN_POISON_MEMORY_REGION((uint8_t *)packet + *length, TAG);
    return below(20) ? SRTP_OK : (int)(5 + below(7));
}

/* A cipher that encrypts nothing, and looks at every byte that it is given. A nonce that seals two different
 * packets under one key would give both away: it ends the run. */
struct fuzz_context { bool seals, told; uint8_t sum; uint64_t nonce, content; };
static struct { uint64_t nonce, content; } used_nonces[1 << 16]; /* the newest of equal hash */
static uint64_t sealed, opened, sealed_again;
static uint32_t keys_of[PEERS];  /* how often a peer was given keys */
static uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x9E3779B97F4A7C15u; }
static uint32_t ssrc_of(int who, int slot) { return 5000 + 2 * (uint32_t)(who * SLOTS + slot); }
static void note_nonce(uint64_t nonce, uint64_t content)
{
    size_t place = nonce >> 48;
    if (used_nonces[place].nonce == nonce) {
        if (used_nonces[place].content != content) {
            fprintf(stderr, "a nonce sealed two packets\n");
            abort();
        }
        sealed_again++;
    }
    used_nonces[place].nonce = nonce;
    used_nonces[place].content = content;
}
static void *fuzz_create(void) { return calloc(1, sizeof(struct fuzz_context)); }
static void fuzz_destroy(void *used) { free(used); }
static const void *fuzz_kind(void) { return NULL; }
static int fuzz_begin(void *used, const void *kind, void *engine, const uint8_t *key, const uint8_t *start,
                      int encrypt)
{
    (void)kind, (void)engine;
    struct fuzz_context *context = used;
    if (key)
        context->seals = encrypt == 1;
    context->told = false;
    if (start) {
        uint32_t who = (get32(start + 2) - ssrc_of(0, 0)) / 2 / SLOTS;
        context->nonce = mix(mix(1, who < PEERS ? keys_of[who] : 0), get32(start + 2));
        context->nonce = mix(mix(context->nonce, get32(start + 6)), get16(start + 10));
        context->content = 0;
    }
    for (int at = 0; start && at < 12; at++)
        context->sum ^= start[at];
    return below(500) != 0 || key;
}
static int fuzz_run(void *used, uint8_t *out, const uint8_t *in, unsigned length)
{
    struct fuzz_context *context = used;
    for (unsigned at = 0; at < length; at++)
        context->sum ^= in[at], context->content = mix(context->content, in[at] + 1u);
    if (out && context->seals)
        out[0] ^= context->sum;
    if (in || context->seals)
        return (int)length;
    if (!context->told)
        abort(); /* the end was reached without a tag to compare */
    opened++;
    return below(20) ? 0 : -1;
}
static int fuzz_control(void *used, int what, int number, void *data)
{
    struct fuzz_context *context = used;
    if (what != (context->seals ? EVP_CTRL_AEAD_GET_TAG : EVP_CTRL_AEAD_SET_TAG))
        abort();
    context->told = true;
    if (!context->seals) {
        ASAN_POISON_MEMORY_REGION(data, (size_t)number); /* no part of the packet from here on */
        return 1;
    }
    memset(data, 0xAA, (size_t)number);
    note_nonce(context->nonce, context->content);
    sealed++;
    return 1;
}
static sealer *sealers[2], *openers[2];

static plane *p;
static peer *peers[PEERS];
static producer *sources[SOURCES];
static int source_peer[SOURCES], source_codec[SOURCES];
static slot *slots[SLOTS];
static int slot_peer[SLOTS];
static producer *routed[SLOTS], *held[SLOTS];
static uint64_t thinned;
static union name names[PEERS];
static plane_head heads[2][4];
static uint32_t handles;
static uint64_t resent;

static void give(int op, void *a, uintptr_t b, uintptr_t c, uint32_t number, union name *name)
{
    if (!plane_push(p, op, (uintptr_t)a, b, c, number, name ? name->bytes : NULL))
        abort(); /* emptied every turn */
}

static void make_heads(void)
{
    for (int kind = 0; kind < 4; kind++) {
        plane_head *bare = &heads[0][kind], *full = &heads[1][kind];
        bare->length = FIXED_HEADER;
        bare->bytes[0] = 0x80;
        full->length = 28;
        full->bytes[0] = 0x90;
        memcpy(full->bytes + 12, "\xBE\xDE\x00\x03\x31\0\0\x10\0\x40\0", 11);
        full->transport_at = 17;
        full->level_at = kind & 1 ? 20 : 0;
        full->orientation_at = kind & 2 ? 22 : 0;
    }
}

static void add_source(int i)
{
    int codec = CODEC_OPUS + (int)below(5);
    source_peer[i] = (int)below(PEERS);
    source_codec[i] = codec;
    int there = 0;
    for (int k = 0; k < SOURCES; k++)
        there += sources[k] && source_peer[k] == source_peer[i];
    if (there >= PLANE_MAX_PRODUCERS)
        return;
    plane_format formats[PLANE_MAX_FORMATS] = {{(uint8_t)codec, 96, 97}};
    int count = 1 + (int)below(PLANE_MAX_FORMATS);
    for (int k = 1; k < count; k++)
        formats[k] = (plane_format){(uint8_t)(CODEC_VP8 + below(4)), (uint8_t)(96 + 2 * k), (uint8_t)(97 + 2 * k)};
    sources[i] = producer_new(peers[source_peer[i]], ++handles, formats, codec == CODEC_OPUS ? 1 : count, 90000, 1, 2,
                              (int)below(3), codec == CODEC_OPUS ? 98 : 0);
    if (!peer_want_arrivals(peers[source_peer[i]]))
        abort();
    give(OP_ADD_PRODUCER, sources[i], 0, 0, 0, NULL);
    give(OP_BIND, sources[i], 0, 0, 1000 + 2 * (uint32_t)i, NULL);
    if (below(2))
        give(OP_BIND, sources[i], 1, 0, 1001 + 2 * (uint32_t)i, NULL);
}

static void drop_source(int i)
{
    for (int k = 0; k < SLOTS; k++)
        if (routed[k] == sources[i])
            routed[k] = held[k] = NULL;
        else if (held[k] == sources[i])
            held[k] = NULL;
    give(OP_DROP_PRODUCER, sources[i], 0, 0, 0, NULL);
    handle(p, 0); /* as control does: freed when the command is done */
    producer_free(sources[i]);
    sources[i] = NULL;
}

static void add_slot_of(int i)
{
    int full = (int)below(2);
    slot_peer[i] = i ? (int)below(PEERS) : PEERS - 1; /* some are always of the one that nothing leaves to */
    if (full && !peer_want_transport(peers[slot_peer[i]]))
        abort();
    uint32_t ssrc = ssrc_of(slot_peer[i], i);
    plane_format formats[CODECS];
    int count = 0, repeats = (int)below(2); /* where something has no RTX */
    uint32_t rtx = repeats && below(2) ? 0 : ssrc + 1;
    for (uint8_t codec = CODEC_OPUS; codec < CODECS; codec++)
        if (below(5))
            formats[count++] = (plane_format){codec, 100, repeats && below(2) ? 0 : 101};
    slots[i] = slot_new(peers[slot_peer[i]], ++handles, ssrc, rtx, formats, count, repeats,
                        heads[full], (uint16_t)(1 + below(32767)), 1, chance());
    give(OP_ADD_SLOT, slots[i], 0, 0, 0, NULL);
}

static void drop_slot_of(int i)
{
    if (!peer_want_retired(peers[slot_peer[i]]))
        abort();
    give(OP_DROP_SLOT, slots[i], 0, 0, 0, NULL);
    handle(p, 0);
    resent += slots[i]->view.figures.retransmitted;
    thinned += slots[i]->view.figures.thinned;
    slot_free(slots[i]);
    slots[i] = NULL;
    routed[i] = held[i] = NULL;
}

static void random_command(void)
{
    int i = (int)below(SOURCES), k = (int)below(SLOTS), who = (int)below(PEERS);
    switch (below(19)) {
    case 0:
        if (!sources[i])
            add_source(i);
        else if (below(20) == 0)
            drop_source(i);
        break;
    case 1:
        if (!slots[k])
            add_slot_of(k);
        else if (below(20) == 0)
            drop_slot_of(k);
        break;
    case 2: case 3: case 4: case 5:
        if (!slots[k])
            break;
        held[k] = below(2) ? routed[k] : NULL;
        routed[k] = sources[i];
        give(OP_ROUTE, slots[k], (uintptr_t)sources[i], held[k] && sources[i], 0, NULL);
        break;
    case 6: give(OP_ADDRESS, peers[who], below(20) != 0, 0, 0, &names[who]); break;
    case 7:
        give(OP_REPEATER, peers[who], 0, below(20) != 0, 0, NULL);
        keys_of[who]++;
        if (below(2))
            give(OP_KEYS, peers[who], below(20) ? (uintptr_t)openers[below(2)] : 0, (uintptr_t)sealers[below(2)],
                 TAG | PLANE_SEALS, NULL);
        else
            give(OP_KEYS, peers[who], below(20) != 0, below(20) != 0, TAG, NULL);
        break;
    case 9:
        if (sources[i])
            give(OP_SYNC, sources[i], 0, 1 + below(2), chance(), NULL);
        break;
    case 10: case 11: case 12: {
        uint32_t layer = below(4);
        void *room = slots[k] && layer < PLANE_MAX_TEMPORAL ? slot_want_room(slots[k]) : NULL;
        if (slots[k])
            give(OP_LIMIT, slots[k], (uintptr_t)room, 0, layer, NULL);
        break;
    }
    case 13:
        if (slots[k] && slots[k]->rtx_ssrc)
            give(OP_PROBE, slots[k], 1 + below(PLANE_MAX_PROBE), 0, (1 + below(255)) | 101 << 8, NULL);
        break;
    case 14:
        if (slots[k])
            give(OP_REDUNDANCY, slots[k], below(3) != 0, 0, 102, NULL);
        break;
    case 8:
        if (sources[i] && below(20) == 0)
            give(OP_BIND, sources[i], 0, 0, 1000 + 2 * (uint32_t)i, NULL);
        break;
    default:
        if (slots[k] && routed[k]) {
            uint16_t numbers[64];
            for (int n = 0; n < 64; n++)
                numbers[n] =
                    (uint16_t)(below(4) ? slots[k]->view.figures.next_sequence - below(90) : chance());
            slot_retransmit(p, slots[k], routed[k], held[k], numbers, 64, seconds);
            producer_missing(routed[k], numbers, 32, numbers + 32);
            slot_figures figures;
            slot_read(slots[k], &figures);
        }
    }
}

/* A datagram of a source, mostly right, then mutated or cut somewhere. */
static int make_datagram(uint8_t *out, int *who)
{
    static uint16_t sequences[SOURCES];
    int i = (int)below(SOURCES);
    int length = FIXED_HEADER, rtx = below(6) == 0;
    *who = sources[i] && below(50) ? source_peer[i] : (int)below(PEERS);
    if (below(40) == 0) { /* anything at all */
        length = below(20) ? (int)below(PLANE_MAX_DATAGRAM + 1) : PLANE_MAX_DATAGRAM + 1;
        for (int at = 0; at < length; at++)
            out[at] = (uint8_t)chance();
        if (length && below(2))
            out[0] = (uint8_t)(128 + below(64));
        return length;
    }
    out[0] = (uint8_t)(0x80 | (below(10) ? 0 : 0x20) | (below(10) ? 0 : below(16)));
    int format = below(8) ? 0 : 2 * (int)below(PLANE_MAX_FORMATS);
    out[1] = (uint8_t)((rtx ? 97 + format : below(60) ? 96 + format : (int)(chance() & 0x7F)) | (int)(below(2) << 7));
    put16(out + 2, sequences[i]);
    sequences[i] = (uint16_t)(sequences[i] + (below(30) ? 1 : below(300) ? below(100) : chance()));
    put32(out + 4, (uint32_t)(seconds * 90000));
    put32(out + 8, below(100) ? 1000 + 2 * (uint32_t)i + (uint32_t)rtx : chance());
    length += 4 * (out[0] & 15);
    if (below(2)) {
        out[0] |= 0x10;
        int words = (int)below(5);
        put16(out + length, below(2) ? 0xBEDE : below(4) ? 0x1000 : (uint16_t)chance());
        put16(out + length + 2, (uint16_t)words);
        for (int at = 4; at < 4 + 4 * words; at++)
            out[length + at] = (uint8_t)(below(3) ? 0x10 * below(4) : below(2) ? below(24) : chance());
        length += 4 + 4 * words;
    }
    if (rtx) {
        put16(out + length, (uint16_t)(sequences[i] - 1 - below(below(10) ? 20 : 3000)));
        length += 2;
    }
    bool red = !rtx && sources[i] && source_codec[i] == CODEC_OPUS && below(3) == 0;
    if (red) {                   /* earlier payloads of some bytes, one step of the clock each */
        out[1] = (uint8_t)(98 | (out[1] & 0x80));
        int earlier = (int)below(below(20) ? 4 : PLANE_MAX_RED_BLOCKS + 2);
        for (int n = earlier; n > 0; n--, length += 4) {
            out[length] = 0x80 | 96;
            put16(out + length + 1, (uint16_t)(n * 90 << 2));
            out[length + 3] = (uint8_t)below(below(4) ? 8 : 256);
        }
        out[length++] = 96;
    }
    int payload = below(5) ? (int)below(below(4) ? 60 : 3) : (int)below(1400);
    for (int at = 0; at < payload; at++)
        out[length + at] = (uint8_t)(at < 4 && below(2) ? 0x10 : chance());
    if (payload && !red && below(2))     /* a VP8 descriptor with everything, or cut short */
        for (int at = 0; at < payload && at < 6; at++)
            out[length + at] = at == 0 ? 0x90 : at == 1 ? 0xF0 : at == 5 ? (uint8_t)chance()
                               : (uint8_t)(below(4) ? out[length + at] : chance());
    length += payload + TAG;
    for (uint32_t n = below(3) ? 0 : 1 + below(4); n > 0; n--) {
        uint32_t at = below((uint32_t)length);
        if (at != 2 || below(20) == 0) /* far ahead, and all that follow are replays */
            out[at] = (uint8_t)chance();
    }
    return below(8) ? length : (int)below((uint32_t)length + 1);
}

/* A payload in memory of just its size, before every detector. */
static void look_for_keyframes(void)
{
    int length = (int)below(12);
    uint8_t *payload = malloc((size_t)length ? (size_t)length : 1);
    for (int at = 0; at < length; at++)
        payload[at] = (uint8_t)(below(3) ? chance() : below(2) ? 0x90 : 24 + 4 * below(2));
    struct redundant red;
    read_redundant(&red, payload, length);
    for (int codec = CODEC_OPUS; codec <= CODEC_AV1 && length; codec++)
        is_keyframe(codec, payload, length);
    struct picture picture = read_picture(payload, length);
    struct shift shift = {(uint16_t)chance(), (uint8_t)chance(), (uint8_t)chance()};
    if (length)
        shift_picture(payload, &picture, &shift);
    free(payload);
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 10) * 2654435761u + 88172645463325252u : 88172645463325252u;
    long rounds = argc > 2 ? atol(argv[2]) : 20000;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof any;
    int sink = socket(AF_INET, SOCK_DGRAM, 0), fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(sink, (struct sockaddr *)&any, size) || getsockname(sink, (struct sockaddr *)&any, &size))
        return 2;
    p = plane_new(fd, (uintptr_t)fuzz_protect, (uintptr_t)fuzz_unprotect, fuzz_clock, NULL);
    plane_cipher cipher_of = {fuzz_create, fuzz_destroy, fuzz_kind, fuzz_begin, fuzz_run, fuzz_control};
    uint8_t zeros[16] = {0};
    plane_use_cipher(&cipher_of);
    for (int i = 0; i < 2; i++)
        sealers[i] = sealer_new(zeros, zeros, 1), openers[i] = sealer_new(zeros, zeros, 0);
    make_heads();
    for (int i = 0; i < PEERS; i++) {
        /* Only the first one's packets arrive anywhere; those of the last, IPv6, do not even leave. */
        names[i].in4 = any;
        names[i].in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)i);
        if (i == PEERS - 1)
            names[i].in6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = any.sin_port,
                                                 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        peers[i] = peer_new(++handles);
        give(OP_ADDRESS, peers[i], 1, 0, 0, &names[i]);
        give(OP_REPEATER, peers[i], 0, 1, 0, NULL);
        give(OP_KEYS, peers[i], 1, 1, TAG, NULL);
    }
    uint64_t events[EVENT_CODEC + 1] = {0};
    uint32_t deaf = 0;
    for (long round = 0; round < rounds; round++) {
        for (uint32_t n = below(4); n > 0; n--)
            random_command();
        for (int n = 0; n < 20; n++)
            look_for_keyframes();
        int count = (int)below(BATCH + 1);
        for (int cell = 0; cell < count; cell++) {
            int who;
            ASAN_UNPOISON_MEMORY_REGION(p->rx[cell], CELL);
            int length = make_datagram(p->rx[cell], &who);
            if (length < CELL) /* rounded up to what the sanitizer can tell apart */
                ASAN_POISON_MEMORY_REGION(p->rx[cell] + length, (size_t)(CELL - length));
            p->rx_headers[cell].msg_len = (unsigned)length;
            p->rx_names[cell] = names[who];
            if (below(300) == 0)
                p->rx_names[cell].in4.sin_port ^= 1;
        }
        if (below(100) == 0)
            p->gso = p->gso == 1 ? GSO_SEGMENTS : 1;
        seconds += below(100) ? 0.001 * below(20) : 5;
        handle(p, count);
        deaf = deaf ? deaf - 1 : below(300) == 0 ? 400 : 0; /* control is busy at times */
        for (const plane_event *event; !deaf && (event = plane_next_event(p)); plane_done_event(p)) {
            if (event->kind > EVENT_CODEC || event->size < sizeof *event + event->length)
                abort();
            events[event->kind]++;
        }
        double at[4];
        uint16_t sizes[4], wanted[4] = {0, (uint16_t)chance(), (uint16_t)chance(), 7};
        uint16_t came[PLANE_MAX_ARRIVALS];
        double when[PLANE_MAX_ARRIVALS];
        peer_take_arrivals(peers[below(PEERS)], came, when, seconds);
        peer_transport_sent(peers[below(PEERS)], wanted, 4, seconds, at, sizes);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            drop_slot_of(i);
    for (int i = 0; i < SOURCES; i++)
        if (sources[i])
            drop_source(i);
    plane_figures figures;
    plane_read(p, &figures);
    for (int i = 0; i < PEERS; i++) {
        give(OP_DROP_PEER, peers[i], 0, 0, 0, NULL);
        handle(p, 0);
        peer_free(peers[i]);
    }
    plane_free(p);
    for (int i = 0; i < 2; i++)
        sealer_free(sealers[i]), sealer_free(openers[i]);
    printf("%llu datagrams in, %llu out, %llu resent;", (unsigned long long)figures.received,
           (unsigned long long)figures.sent, (unsigned long long)resent);
    uint64_t happened[] = {thinned, figures.probes, sealed, opened, figures.restored, figures.doubled, sealed_again};
    printf(" %llu thinned, %llu probes, %llu sealed, %llu opened, %llu restored, %llu doubled, %llu sealed again;",
           (unsigned long long)happened[0], (unsigned long long)happened[1], (unsigned long long)happened[2],
           (unsigned long long)happened[3], (unsigned long long)happened[4], (unsigned long long)happened[5],
           (unsigned long long)happened[6]);
    int silent = figures.sent == 0 || resent == 0;
    for (size_t i = 0; i < sizeof happened / sizeof happened[0]; i++)
        silent |= happened[i] == 0;
    for (int i = 0; i < DROP_REASONS; i++) {
        printf(" %d:%llu", i, (unsigned long long)figures.dropped[i]);
        silent |= figures.dropped[i] == 0 && i != DROP_NO_ROOM;
    }
    for (int i = EVENT_DATAGRAM; i <= EVENT_CODEC; i++) {
        printf(" event %d:%llu", i, (unsigned long long)events[i]);
        silent |= events[i] == 0;
    }
    printf("\n");
    if (silent && rounds >= 1000) {
        fprintf(stderr, "something that has to happen never happened: the fuzzer does not reach it\n");
        return 1;
    }
    return 0;
}
