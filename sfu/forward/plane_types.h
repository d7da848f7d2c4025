/* The native plane's own constants and structs; plane.c says how they are used. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "plane_api.h"

#define ABSENT (-1)
#define SILENT 127               /* -dBov */
#define EMPTY INT64_MIN          /* a sequence number that no packet has */
#define FIXED_HEADER 12
#define RED_HEAD 5               /* of redundant audio with one earlier payload: its length is told in 10 bits, */
#define MAX_RED_BLOCK 1023
#define MAX_RED_TICKS 16383      /* and its distance in 14 */
#define OSN_BYTES 2              /* the original sequence number of RTX */

#define BATCH 64                 /* datagrams received at once */
#define CELL (PLANE_MAX_DATAGRAM + 64)
/* Packets that one turn aims to send at most, some four milliseconds: then commands have their turn. */
#define TURN_PACKETS 2000

/* See sleep_until_needed. */
#define HOLD_NANOSECONDS 1000000 /* a packet's wait for others, where few come */
#define PACE_SECONDS 0.003       /* and from one look to the next where one comes after the other */
#define PACED_SECONDS 0.006      /* turns with packets that lie closer than this follow each other */

#define MAX_OUT (PLANE_MAX_HEAD + OSN_BYTES + PLANE_MAX_DATAGRAM + 64)
#define TX_BYTES (128 * 1024)    /* stays in the core's own cache until it is sent */
#define MESSAGES 256
#define MAX_SEGMENT 1400         /* longer packets never share a send: a path may refuse the segments */
#define GSO_SEGMENTS 32          /* the kernel allows 64 */
#define GSO_BYTES 60000
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

#define EVENT_BYTES (512 * 1024)
/* Strangers' datagrams wait only while this much waits: a flood leaves room for the peers' events. */
#define STRANGER_BYTES (128 * 1024)

#define MAX_LOOKS 4              /* for the memory of an old packet, per packet */
#define BUCKETS 8192
#define SEGMENTS 16              /* switches that a slot remembers for retransmission (a power of two) */
#define THIN_SEGMENTS 64         /* and runs of dropped packets, where it drops some: four seconds at 30 fps */
#define GATES 256                /* packets whose last retransmission a slot remembers */
#define SENT_NUMBERS 128         /* packets whose transport-wide number a slot without RTX remembers */
#define STREAM_BUCKETS 16         /* of a peer: most send two or four streams (a power of two) */
#define TRANSPORT_HISTORY 2048   /* packets whose departure is remembered per peer: a second of a full pool */

/* libsrtp's srtp_err_status_t. */
enum { SRTP_OK = 0, SRTP_AUTH_FAIL = 7, SRTP_CIPHER_FAIL = 8, SRTP_REPLAY_FAIL = 9, SRTP_REPLAY_OLD = 10 };

typedef int (*srtp_way)(void *session, void *packet, int *length);

union name {
    struct sockaddr sa;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    uint8_t bytes[PLANE_NAME_BYTES];
};

/* Places of what a VP8 descriptor (RFC 7741 §4.2) says of a picture, from the payload on; 0: not there. */
struct picture {
    uint8_t id_at, tl0_at, key_at;
    int8_t layer;                /* temporal, -1 where it is not named */
    bool sync;                   /* Y: depends on the base layer only */
};

/* What a slot adds to a source's PictureID, TL0PICIDX and KEYIDX. */
struct shift {
    uint16_t id;
    uint8_t tl0, key;
};

/* A packet of a producer as received; the cache owns it. `sequence` is extended. */
struct packet {
    _Atomic int64_t sequence;
    _Atomic double at;
    uint8_t *payload;
    uint32_t timestamp;
    uint32_t turn;               /* in which it came: while that lasts it may be in a burst */
    uint16_t length, room;
    uint8_t marker;
    struct picture picture;
    int16_t level, orientation;
};

/* An SSRC of a peer in the plane's `sources`. */
struct source {
    uint32_t ssrc;
    struct producer *producer;
    struct source *next;
};

struct producer {
    uint32_t handle;
    uint32_t epoch;              /* grows when its numbering starts anew */
    struct peer *peer;
    int codec, payload_type, rtx_payload_type, red_payload_type, level_id, orientation_id, transport_id;
    plane_format formats[PLANE_MAX_FORMATS]; /* what it may send; above, what it sends now */
    int format_count;
    double changed_at;           /* from one of them to another */
    int64_t since;               /* packets before this number were sent in another codec */
    uint32_t clock_rate;
    uint32_t ssrc, rtx_ssrc;
    struct source by_ssrc, by_rtx_ssrc;
    bool known_ssrc, known_rtx, started;
    int64_t cache_mask;
    double cache_seconds;
    int64_t kept;                /* packets before this number have given their memory to later ones */
    uint32_t group, reference;   /* its timestamp at its group's instant; group 0: not known */
    struct slot *flowing, *waiting, *coming; /* `coming` flow from another source until a keyframe of this */
    struct packet *burst[BATCH]; /* what this turn brought */
    int burst_count;
    bool busy;                   /* in the plane's `busy` */
    uint32_t transit;
    double jitter;
    _Atomic uint64_t packets, bytes, temporal_bytes[PLANE_MAX_TEMPORAL + 1];
    _Atomic int64_t first, highest;
    _Atomic uint32_t jitter_ticks;
    _Atomic int audio_level;
    struct packet cache[];
};

/* A stretch of a slot's numbers with one mapping: from `first` on, source number = number - offset. */
struct segment {
    int64_t first, offset;
    uint64_t source;             /* producer's handle and epoch */
    uint32_t timestamp_offset;
    struct shift shift;
};

struct view {
    slot_figures figures;
    uint32_t segment_count;      /* ever made; the ring holds the last of them */
    uint32_t segment_room;
    struct segment *segments;    /* the slot's own ones, or its larger room */
};

/* Which of the last numbers went out. */
struct numbers {
    int64_t newest;
    uint64_t seen[PLANE_SEALED_NUMBERS / 64];
};

struct gate {
    uint32_t number, at;         /* µs */
};

struct slot {
    uint32_t handle, ssrc, rtx_ssrc;
    struct peer *peer;
    struct slot *next_of_peer;
    struct producer *source;     /* routed to */
    struct slot *next, **link;   /* in the source's `flowing` or `waiting` */
    struct producer *source_to_come; /* takes over with its next keyframe */
    struct slot *next_to_come, **link_to_come; /* in its `coming` */
    uint8_t types[CODECS], rtx_types[CODECS]; /* payload types by codec, PLANE_NO_TYPE where it takes none */
    struct slot *next_due;       /* in its peer's `due` */
    bool flows, sent_any, plain_resend, repeats, doubles;
    const plane_head *heads;     /* without and with level (1) and orientation (2) */
    int payload_type, rtx_payload_type, red_payload_type;
    int64_t base;                /* the source's number from which on packets are this slot's */
    int64_t offset;
    struct shift shift;
    int64_t rtx_sequence;
    int64_t since, rtx_since;    /* numbers from which on the rollover counter of these keys counts */
    struct numbers sealed;
    struct numbers doubled;      /* what went out as redundant audio, and has to do so again */
    double last_at;
    uint32_t left_group, left_reference, left_offset; /* the source before: how its timestamps mapped */
    uint32_t extra;              /* what the source's mapping has beyond its clock's */
    uint16_t last_id;            /* of the highest number sent */
    uint8_t last_tl0, last_key;
    bool sent_id, sent_tl0, sent_key;
    int8_t limit, allowed;       /* temporal layer: wanted at most, and reached */
    bool thins, skips;           /* packets are looked at; this picture's are dropped */
    int64_t newest;              /* of the source, looked at; where `thins` */
    uint32_t picture_timestamp;  /* of that one */
    struct segment own[SEGMENTS], *room;
    _Atomic uint32_t version;    /* odd while the data thread writes `view` */
    struct view view;
    struct gate *gates;          /* control's own */
    _Atomic uint32_t sent_numbers[]; /* sequence << 16 | transport-wide number, where plain_resend */
};

/* An SSRC that a packet was authenticated of under a peer's keys, and which of its last numbers came. */
struct stream {
    uint32_t ssrc;
    struct stream *next;
    int64_t newest;
    uint64_t seen[PLANE_RECEIVED_NUMBERS / 64];
};

struct retired {
    uint32_t ssrc;
    int64_t next, since;
};

struct peer {
    uint32_t handle;
    union name name;
    struct peer *next_in_bucket;
    bool reachable, no_gso;
    void *receiver, *sender, *repeater;
    struct sealer *sealer;       /* instead of the two sending sessions */
    struct sealer *opener;       /* and instead of the receiving one */
    int tag_bytes;
    struct slot *slots;
    struct slot *due, **due_end; /* what this turn has for it */
    struct peer *next_due;
    uint32_t unknown[PLANE_MAX_UNKNOWN_SSRCS];
    int unknown_count;
    struct retired *retired;     /* numbers of SSRCs whose slot is gone: they are nonces */
    int retired_count;
    uint32_t next_transport;
    _Atomic uint64_t *transport; /* number << 48 | bytes << 36 | µs modulo 2^36 */
    _Atomic uint32_t arrivals_head, arrivals_tail; /* control takes, data thread puts */
    uint64_t *arrivals;          /* number << 48 | µs modulo 2^48 */
    struct stream *streams[STREAM_BUCKETS];
    int stream_count;
};

struct command {
    int op;
    uint32_t number;
    uintptr_t a, b, c;
    union name name;
};

struct message {                 /* some equal packets to one peer, one sendmmsg entry */
    struct peer *peer;
    uint8_t *data;
    int bytes, segments, segment, tail;
};

struct plane {
    int fd, event_fd, command_fd;
    srtp_way protect, unprotect;
    double (*clock)(void *);
    void *clock_of;
    double now, brought_at;      /* of this turn, and of the last one with packets */
    bool paced;
    uint32_t turn;
    int gso;
    int limit;                   /* datagrams to receive in the next turn */
    uint32_t seed;
    struct peer *buckets[BUCKETS];
    struct source *sources[BUCKETS]; /* what all peers send: by peer and SSRC */
    struct producer *busy[BATCH];
    int busy_count;

    struct mmsghdr rx_headers[BATCH];
    struct iovec rx_vectors[BATCH];
    union name rx_names[BATCH];
    uint8_t rx[BATCH][CELL];

    struct mmsghdr tx_headers[MESSAGES];
    struct iovec tx_vectors[MESSAGES];
    union { struct cmsghdr header; uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))]; } tx_control[MESSAGES];
    struct message messages[MESSAGES];
    int queued;
    size_t tx_used;
    uint8_t *tx;
    uint64_t turn_sent;

    _Atomic uint64_t received, received_bytes, sent, sent_bytes, probes, restored, doubled, dropped[DROP_REASONS];

    _Atomic int stop, asleep;
    _Atomic uint64_t command_head, command_tail; /* data thread takes, control puts */
    struct command commands[PLANE_COMMANDS];

    _Atomic uint64_t event_head, event_tail; /* control takes, data thread puts */
    uint64_t event_end;          /* of what was written this turn and not yet published */
    uint8_t *events;
};

/* Atomics with one writer need no locked instruction. */
#define READ(x) atomic_load_explicit(&(x), memory_order_relaxed)
#define WRITE(x, value) atomic_store_explicit(&(x), (value), memory_order_relaxed)
#define ADD(x, value) WRITE(x, READ(x) + (value))

static void drop(struct plane *p, enum plane_drop reason) { ADD(p->dropped[reason], 1); }
