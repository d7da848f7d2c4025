/* What Python sees of the native plane: constants, figures, and the control thread's functions. */

/* cdef begin: what Python sees; native_build.py hands this part to cffi as it is. */

enum {
    PLANE_MAX_DATAGRAM = 2048,      /* these are contract.py's, where their reasons stand */
    PLANE_MAX_PRODUCERS = 128,
    PLANE_MAX_UNKNOWN_SSRCS = 16,
    PLANE_MAX_SENT_SSRCS = 512,
    PLANE_MAX_RECEIVED_SSRCS = 512,
    PLANE_MAX_LOST = 64,
    PLANE_MAX_DROPOUT = 3000,
    PLANE_MAX_RETRANSMIT = 256,
    PLANE_MAX_ARRIVALS = 1024,
    PLANE_RETRANSMIT_GATE_MS = 40,
    PLANE_AUDIO_CACHE_MS = 1000,
    PLANE_VIDEO_CACHE_MS = 2000,
    PLANE_AUDIO_CACHE_PACKETS = 64,
    PLANE_VIDEO_CACHE_PACKETS = 1024,
    PLANE_MAX_TEMPORAL = 3,
    PLANE_MAX_RED_BLOCKS = 9,
    PLANE_MAX_RED_BYTES = 1100,
    PLANE_MAX_PADDING = 255,
    PLANE_MAX_PROBE = 64,
    PLANE_MAX_SKEW_MS = 200,
    PLANE_MAX_BEHIND_MS = 75,
    PLANE_MAX_FORMATS = 4,
    PLANE_CODEC_GATE_MS = 250,
    PLANE_NAME_BYTES = 28,          /* a struct sockaddr_in or sockaddr_in6 */
    PLANE_MAX_HEAD = 288,           /* RTP header + extensions with a MID of 255 bytes */
    PLANE_SEALED_NUMBERS = 256,     /* a packet that comes later than this goes out no more (a multiple of 64) */
    PLANE_RECEIVED_NUMBERS = 1024,  /* and one that comes this much later than the newest is taken for a replay */
    PLANE_SEALS = 0x100,            /* with OP_KEYS: b and c are sealers */
    PLANE_NO_TYPE = 0xFF,           /* no payload type */
    PLANE_COMMANDS = 4096,          /* in the ring; what does not fit waits in Python */
};

enum plane_codec { CODEC_OPUS = 1, CODEC_VP8, CODEC_VP9, CODEC_H264, CODEC_AV1, CODECS };

enum plane_drop {                   /* contract.Drop */
    DROP_OVERSIZED, DROP_UNKNOWN_KIND, DROP_UNKNOWN_SOURCE, DROP_NO_KEYS, DROP_UNKNOWN_SSRC,
    DROP_MALFORMED, DROP_AUTH, DROP_REPLAY, DROP_PAYLOAD_TYPE, DROP_PADDING, DROP_DUPLICATE, DROP_LATE,
    DROP_PROTECT, DROP_NO_ROOM, DROP_SEND_ERROR, DROP_UNHEARD, DROP_REASONS
};

enum plane_op {
    OP_KEYS,            /* peer; b receiving, c sending session, number: bytes of the tag | PLANE_SEALS */
    OP_REPEATER,        /* peer; c sending session of slots that send the same bytes again; before OP_KEYS */
    OP_ADDRESS,         /* peer; name, or b = 0 for none */
    OP_DROP_PEER,       /* peer */
    OP_ADD_PRODUCER,    /* producer */
    OP_BIND,            /* producer; number: SSRC, b = 1 for its RTX */
    OP_DROP_PRODUCER,   /* producer */
    OP_ADD_SLOT,        /* slot */
    OP_DROP_SLOT,       /* slot */
    OP_ROUTE,           /* slot; b producer or 0, c: hold */
    OP_RESEND,          /* slot; c the extended number */
    OP_SYNC,            /* producer; c group, number: its timestamp at the group's instant */
    OP_LIMIT,           /* slot; number: temporal layer, b room for more segments */
    OP_REDUNDANCY,      /* slot; number: RED payload type, b = 1: on */
    OP_PROBE            /* slot; b packets, number: padding | RTX payload type << 8 */
};

enum plane_event_kind { EVENT_SKIP, EVENT_DATAGRAM, EVENT_RTCP, EVENT_UNKNOWN, EVENT_STARTED, EVENT_KEYFRAME,
                        EVENT_LOST, EVENT_CODEC };

typedef struct plane plane;
typedef struct peer peer;
typedef struct producer producer;
typedef struct slot slot;
typedef struct sealer sealer;

/* OpenSSL's EVP_CIPHER_CTX_new, _free, EVP_aes_128_gcm, EVP_CipherInit_ex, EVP_Cipher, EVP_CIPHER_CTX_ctrl. */
typedef struct {
    void *(*create)(void);
    void (*destroy)(void *);
    const void *(*kind)(void);
    int (*begin)(void *, const void *, void *, const uint8_t *key, const uint8_t *nonce, int encrypt);
    int (*run)(void *, uint8_t *out, const uint8_t *in, unsigned length);
    int (*control)(void *, int what, int number, void *data);
} plane_cipher;

typedef struct {
    uint32_t size;                  /* of the record in the ring */
    uint16_t kind;
    uint16_t length;                /* of the data behind this struct */
    uint32_t handle;
    uint32_t number;
    uint8_t name[28];
} plane_event;

typedef struct {
    uint64_t received, received_bytes, sent, sent_bytes, probes, restored, doubled;
    uint64_t dropped[16];
} plane_figures;

typedef struct {
    uint64_t packets, bytes;
    int64_t first, highest;         /* -1 before the first packet */
    uint32_t jitter;
    int audio_level;
    uint64_t temporal_bytes[4];
} producer_figures;

typedef struct {
    uint64_t packets, bytes, retransmitted, thinned;
    int64_t next_sequence;
    uint32_t producer, timestamp_offset, last_timestamp;
} slot_figures;

/* A codec as a producer sends it, or a slot carries it: payload type and RTX payload type (0: none). */
typedef struct {
    uint8_t codec, payload_type, rtx_payload_type;
} plane_format;

/* RTP header and extension block of a slot's packets, with the places of what differs (0: not there). */
typedef struct {
    uint16_t length, transport_at, level_at, orientation_at;
    uint8_t bytes[288];
} plane_head;

/* All functions but plane_run are the control thread's. `clock` gives seconds; 0: CLOCK_MONOTONIC. */
plane *plane_new(int fd, uintptr_t protect, uintptr_t unprotect, double (*clock)(void *), void *clock_of);
void plane_free(plane *);
int plane_event_fd(plane *);
int plane_run(plane *);
void plane_stop(plane *);
int plane_push(plane *, int op, uintptr_t a, uintptr_t b, uintptr_t c, uint32_t number, const uint8_t *name);
uint64_t plane_consumed(plane *);
const plane_event *plane_next_event(plane *);
void plane_done_event(plane *);
void plane_read(plane *, plane_figures *);
void plane_set_gso(plane *, int segments);

/* Once, before the first sealer. */
void plane_use_cipher(const plane_cipher *);
sealer *sealer_new(const uint8_t *key, const uint8_t *salt, int seals);
void sealer_free(sealer *);
int sealer_seal(const sealer *, uint8_t *packet, int header, int length, uint64_t index);
int sealer_open(const sealer *, uint8_t *packet, int header, int length, uint64_t index);

peer *peer_new(uint32_t handle);
int peer_want_transport(peer *);
int peer_want_retired(peer *);
int peer_want_arrivals(peer *);
int peer_take_arrivals(peer *, uint16_t *numbers, double *at, double now);
void peer_free(peer *);
void peer_transport_sent(peer *, const uint16_t *numbers, int count, double now, double *at, uint16_t *sizes);

/* `formats`: at most PLANE_MAX_FORMATS of a producer, of which it begins with the first; one a codec of a slot. */
producer *producer_new(peer *, uint32_t handle, const plane_format *formats, int count, uint32_t clock_rate,
                       int audio_level_id, int orientation_id, int transport_id, int red_payload_type);
void producer_free(producer *);
void producer_read(producer *, producer_figures *);
int producer_missing(producer *, const uint16_t *numbers, int count, uint16_t *found);

slot *slot_new(peer *, uint32_t handle, uint32_t ssrc, uint32_t rtx_ssrc, const plane_format *formats, int count,
               int plain_resend, const plane_head *heads, uint16_t first_sequence, uint16_t first_rtx_sequence,
               uint32_t first_timestamp);
void slot_free(slot *);
void slot_read(slot *, slot_figures *);
void *slot_want_room(slot *);
int slot_retransmit(plane *, slot *, producer *, producer *held, const uint16_t *numbers, int count, double now);

/* cdef end */
