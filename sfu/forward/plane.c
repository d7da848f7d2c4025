/* The native forwarding plane: the way of a packet in C, behind `contract.Forwarder` (see native.py).
 *
 * One thread per plane runs `plane_run` without Python's lock. A turn of it reads from top to bottom:
 *
 *   receive a batch -> apply the commands -> per datagram: demultiplex, unprotect, place in its stream,
 *   cache -> per producer: rewrite for every slot, protect -> send the batch -> publish the events
 *
 * Three kinds of state, three rules:
 *
 *   - Everything that a packet's way changes belongs to the data thread. The control thread changes it by
 *     commands through a ring, applied in order after receiving and before looking at what was received:
 *     a command given before a packet came in is in force for that packet.
 *   - What control reads at any time (figures, numbers for retransmission) are atomics, or a slot's
 *     `view` under a sequence lock. Reading never holds the data thread up.
 *   - Memory of peers, producers and slots is made and freed by control: freed when `plane_consumed` says
 *     that the command which dropped them is done.
 *
 * A stranger writes the datagrams. Their lengths are checked at the edge, in `take`: after it, payload
 * and extension elements lie inside the packet, and MAX_OUT bounds what a packet can become.
 *
 * SRTP functions come as pointers (libsrtp as pylibsrtp carries it; a session is used by one thread).
 * RFC 3550 (RTP), 3711 (SRTP), 4588 (RTX), 5761 and 7983 (demultiplexing), 8285 (header extensions).
 */
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

/* cdef begin: what Python sees; native_build.py hands this part to cffi as it is. */

enum {
    PLANE_MAX_DATAGRAM = 2048,      /* these are contract.py's, where their reasons stand */
    PLANE_MAX_PRODUCERS = 8,
    PLANE_MAX_UNKNOWN_SSRCS = 16,
    PLANE_MAX_SENT_SSRCS = 512,
    PLANE_MAX_LOST = 64,
    PLANE_MAX_DROPOUT = 3000,
    PLANE_MAX_RETRANSMIT = 256,
    PLANE_RETRANSMIT_GATE_MS = 40,
    PLANE_AUDIO_CACHE_MS = 1000,
    PLANE_VIDEO_CACHE_MS = 2000,
    PLANE_AUDIO_CACHE_PACKETS = 64,
    PLANE_VIDEO_CACHE_PACKETS = 1024,
    PLANE_NAME_BYTES = 28,          /* a struct sockaddr_in or sockaddr_in6 */
    PLANE_MAX_HEAD = 288,           /* RTP header + extensions with a MID of 255 bytes */
    PLANE_COMMANDS = 4096,          /* in the ring; what does not fit waits in Python */
};

enum plane_codec { CODEC_OPUS = 1, CODEC_VP8, CODEC_VP9, CODEC_H264, CODEC_AV1 };

enum plane_drop {                   /* contract.Drop */
    DROP_OVERSIZED, DROP_UNKNOWN_KIND, DROP_UNKNOWN_SOURCE, DROP_NO_KEYS, DROP_UNKNOWN_SSRC,
    DROP_MALFORMED, DROP_AUTH, DROP_REPLAY, DROP_PAYLOAD_TYPE, DROP_PADDING, DROP_DUPLICATE, DROP_LATE,
    DROP_PROTECT, DROP_NO_ROOM, DROP_SEND_ERROR, DROP_UNHEARD, DROP_REASONS
};

enum plane_op {
    OP_KEYS,            /* peer; b receiving, c sending session, number: bytes of the tag */
    OP_ADDRESS,         /* peer; name, or b = 0 for none */
    OP_DROP_PEER,       /* peer */
    OP_ADD_PRODUCER,    /* producer */
    OP_BIND,            /* producer; number: SSRC, b = 1 for its RTX */
    OP_DROP_PRODUCER,   /* producer */
    OP_ADD_SLOT,        /* slot */
    OP_REPEAT,          /* b session, c policy: the stream may protect a number again */
    OP_DROP_SLOT,       /* slot */
    OP_ROUTE,           /* slot; b producer or 0, number: payload type | RTX payload type << 8 */
    OP_RESEND           /* slot; c the extended number */
};

enum plane_event_kind { EVENT_SKIP, EVENT_DATAGRAM, EVENT_RTCP, EVENT_UNKNOWN, EVENT_STARTED, EVENT_KEYFRAME,
                        EVENT_LOST };

typedef struct plane plane;
typedef struct peer peer;
typedef struct producer producer;
typedef struct slot slot;

typedef struct {
    uint32_t size;                  /* of the record in the ring */
    uint16_t kind;
    uint16_t length;                /* of the data behind this struct */
    uint32_t handle;
    uint32_t number;
    uint8_t name[28];
} plane_event;

typedef struct {
    uint64_t received, sent, sent_bytes;
    uint64_t dropped[16];
} plane_figures;

typedef struct {
    uint64_t packets, bytes;
    int64_t first, highest;         /* -1 before the first packet */
    uint32_t jitter;
    int audio_level;
} producer_figures;

typedef struct {
    uint64_t packets, bytes, retransmitted;
    int64_t next_sequence;
    uint32_t producer, timestamp_offset, last_timestamp;
} slot_figures;

/* RTP header and extension block of a slot's packets, with the places of what differs (0: not there). */
typedef struct {
    uint16_t length, transport_at, level_at, orientation_at;
    uint8_t bytes[288];
} plane_head;

/* All functions but plane_run are the control thread's. `clock` gives seconds; 0: CLOCK_MONOTONIC. */
plane *plane_new(int fd, uintptr_t protect, uintptr_t unprotect, uintptr_t add_stream,
                 double (*clock)(void *), void *clock_of);
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

peer *peer_new(uint32_t handle);
int peer_want_transport(peer *);
int peer_want_retired(peer *);
void peer_free(peer *);
void peer_transport_sent(peer *, const uint16_t *numbers, int count, double now, double *at, uint16_t *sizes);

producer *producer_new(peer *, uint32_t handle, int codec, int payload_type, int rtx_payload_type,
                       uint32_t clock_rate, int audio_level_id, int orientation_id);
void producer_free(producer *);
void producer_read(producer *, producer_figures *);
int producer_missing(producer *, const uint16_t *numbers, int count, uint16_t *found);

slot *slot_new(peer *, uint32_t handle, uint32_t ssrc, uint32_t rtx_ssrc, int plain_resend,
               const plane_head *heads, uint16_t first_sequence, uint16_t first_rtx_sequence,
               uint32_t first_timestamp);
void slot_free(slot *);
void slot_read(slot *, slot_figures *);
int slot_retransmit(plane *, slot *, producer *, const uint16_t *numbers, int count, double now);

/* cdef end */

#define ABSENT (-1)
#define SILENT 127               /* -dBov */
#define EMPTY INT64_MIN          /* a sequence number that no packet has */
#define FIXED_HEADER 12
#define OSN_BYTES 2              /* the original sequence number of RTX */

#define BATCH 64                 /* datagrams received at once */
#define CELL (PLANE_MAX_DATAGRAM + 64)
/* Packets that one turn aims to send at most, some four milliseconds: then commands have their turn. */
#define TURN_PACKETS 2000

#define MAX_OUT (PLANE_MAX_HEAD + OSN_BYTES + PLANE_MAX_DATAGRAM + 64)
#define TX_BYTES (256 * 1024)    /* stays in the core's own cache until it is sent */
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

#define BUCKETS 8192
#define SEGMENTS 16              /* switches that a slot remembers for retransmission */
#define GATES 256                /* packets whose last retransmission a slot remembers */
#define SENT_NUMBERS 128         /* packets whose transport-wide number a slot without RTX remembers */
#define TRANSPORT_HISTORY 2048   /* packets whose departure is remembered per peer: a second of a full pool */

/* libsrtp's srtp_err_status_t. */
enum { SRTP_OK = 0, SRTP_AUTH_FAIL = 7, SRTP_CIPHER_FAIL = 8, SRTP_REPLAY_FAIL = 9, SRTP_REPLAY_OLD = 10 };

typedef int (*srtp_way)(void *session, void *packet, int *length);
typedef int (*srtp_add)(void *session, void *policy);

union name {
    struct sockaddr sa;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    uint8_t bytes[PLANE_NAME_BYTES];
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
    int16_t level, orientation;
};

struct producer {
    uint32_t handle;
    uint32_t epoch;              /* grows when its numbering starts anew */
    struct peer *peer;
    int codec, payload_type, rtx_payload_type, level_id, orientation_id;
    uint32_t clock_rate;
    uint32_t ssrc, rtx_ssrc;
    bool known_ssrc, known_rtx, started;
    int64_t cache_mask;
    double cache_seconds;
    struct slot *flowing, *waiting;
    struct packet *burst[BATCH]; /* what this turn brought */
    int burst_count;
    struct producer *next_busy;
    uint32_t transit;
    double jitter;
    _Atomic uint64_t packets, bytes;
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
};

struct view {
    slot_figures figures;
    uint32_t segment_count;      /* ever made; the ring holds the last SEGMENTS */
    struct segment segments[SEGMENTS];
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
    bool flows, sent_any, plain_resend;
    const plane_head *heads;     /* without and with level (1) and orientation (2) */
    int payload_type, rtx_payload_type;
    int64_t base;                /* the source's number from which on packets are this slot's */
    int64_t offset;
    int64_t rtx_sequence;
    double last_at;
    _Atomic uint32_t version;    /* odd while the data thread writes `view` */
    struct view view;
    struct gate *gates;          /* control's own */
    _Atomic uint32_t sent_numbers[]; /* sequence << 16 | transport-wide number, where plain_resend */
};

struct retired {
    uint32_t ssrc;
    int64_t next;
};

struct peer {
    uint32_t handle;
    union name name;
    struct peer *next_in_bucket;
    bool reachable, no_gso;
    void *receiver, *sender;
    int tag_bytes;
    struct slot *slots;
    struct { uint32_t ssrc; struct producer *producer; } sources[2 * PLANE_MAX_PRODUCERS];
    int source_count;
    uint32_t unknown[PLANE_MAX_UNKNOWN_SSRCS];
    int unknown_count;
    struct retired *retired;     /* numbers of SSRCs whose slot is gone: they are nonces */
    int retired_count;
    uint32_t next_transport;
    _Atomic uint64_t *transport; /* number << 48 | bytes << 36 | µs modulo 2^36 */
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
    srtp_add add_stream;
    double (*clock)(void *);
    void *clock_of;
    double now;
    uint32_t turn;
    int gso;
    int limit;                   /* datagrams to receive in the next turn */
    uint32_t seed;
    struct peer *buckets[BUCKETS];
    struct producer *busy;

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

    _Atomic uint64_t received, sent, sent_bytes, dropped[DROP_REASONS];

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

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static void put16(uint8_t *at, uint16_t value) { at[0] = (uint8_t)(value >> 8); at[1] = (uint8_t)value; }
static void put32(uint8_t *at, uint32_t value) { put16(at, (uint16_t)(value >> 16)); put16(at + 2, (uint16_t)value); }

/* The extended number nearest to `reference` whose low 16 bits are `number`. */
static int64_t near_16(uint16_t number, int64_t reference)
{
    return reference + (int64_t)(((uint64_t)number - (uint64_t)reference + 0x8000) & 0xFFFF) - 0x8000;
}

/* --- events, up to Python ---------------------------------------------------------------------- */

/* Write an event; it is seen when the turn publishes it. False (and counted) when there is no room. */
static bool raise_event(struct plane *p, enum plane_event_kind kind, uint32_t handle, uint32_t number,
                        const union name *name, const void *data, size_t length, size_t most)
{
    uint64_t head = atomic_load_explicit(&p->event_head, memory_order_acquire);
    uint32_t size = (uint32_t)((sizeof(plane_event) + length + 7) & ~(size_t)7);
    uint32_t at = (uint32_t)(p->event_end % EVENT_BYTES);
    uint32_t rest = EVENT_BYTES - at, skip = rest < size ? rest : 0;
    if (p->event_end - head + skip + size > most) {
        drop(p, DROP_UNHEARD);
        return false;
    }
    if (skip) {                  /* sizes are multiples of 8: size and kind always fit */
        plane_event *record = (plane_event *)(p->events + at);
        record->size = skip;
        record->kind = EVENT_SKIP;
        p->event_end += skip;
        at = 0;
    }
    plane_event *record = (plane_event *)(p->events + at);
    *record = (plane_event){.size = size, .kind = (uint16_t)kind, .length = (uint16_t)length,
                            .handle = handle, .number = number};
    if (name)
        memcpy(record->name, name->bytes, sizeof record->name);
    if (length)
        memcpy(record + 1, data, length);
    p->event_end += size;
    return true;
}

static void publish_events(struct plane *p)
{
    if (p->event_end == READ(p->event_tail))
        return;
    atomic_store_explicit(&p->event_tail, p->event_end, memory_order_release);
    uint64_t one = 1;
    if (write(p->event_fd, &one, sizeof one) < 0) {
        /* The counter is full: whoever reads it has long been told. */
    }
}

/* --- sending ----------------------------------------------------------------------------------- */

static void count_sent(struct plane *p, const struct message *m)
{
    ADD(p->sent, (uint64_t)m->segments);
    ADD(p->sent_bytes, (uint64_t)m->bytes);
}

/* The packets of a message that the kernel would not cut apart, one by one. */
static void send_singly(struct plane *p, const struct message *m)
{
    for (int done = 0; done < m->bytes; done += m->segment) {
        int size = m->bytes - done < m->segment ? m->bytes - done : m->segment;
        socklen_t name_bytes = m->peer->name.sa.sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                                     : sizeof(struct sockaddr_in6);
        if (sendto(p->fd, m->data + done, (size_t)size, 0, &m->peer->name.sa, name_bytes) == size) {
            ADD(p->sent, 1);
            ADD(p->sent_bytes, (uint64_t)size);
        } else {
            drop(p, errno == EAGAIN || errno == ENOBUFS ? DROP_NO_ROOM : DROP_SEND_ERROR);
        }
    }
}

/* Send what is queued. What the system does not take now is dropped: waiting would hold up everybody. */
static void flush(struct plane *p)
{
    int done = 0;
    for (int i = 0; i < p->queued; i++) {
        struct message *m = &p->messages[i];
        struct msghdr *h = &p->tx_headers[i].msg_hdr;
        p->tx_vectors[i] = (struct iovec){m->data, (size_t)m->bytes};
        h->msg_name = &m->peer->name;
        h->msg_namelen = m->peer->name.sa.sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                               : sizeof(struct sockaddr_in6);
        h->msg_control = m->segments > 1 ? &p->tx_control[i] : NULL;
        h->msg_controllen = m->segments > 1 ? sizeof p->tx_control[i].bytes : 0;
        uint16_t segment = (uint16_t)m->segment;
        memcpy(CMSG_DATA(&p->tx_control[i].header), &segment, sizeof segment);
    }
    while (done < p->queued) {
        int sent = sendmmsg(p->fd, p->tx_headers + done, (unsigned)(p->queued - done), MSG_DONTWAIT);
        for (; sent > 0; sent--)
            count_sent(p, &p->messages[done++]);
        if (done == p->queued || sent == 0)
            continue;
        struct message *m = &p->messages[done];
        if (errno == EAGAIN || errno == ENOBUFS) {
            for (; done < p->queued; done++)
                ADD(p->dropped[DROP_NO_ROOM], (uint64_t)p->messages[done].segments);
        } else if (m->segments > 1) {
            /* No GSO here: for good, on the whole socket, or on the path to this peer (its MTU). */
            if (errno == EINVAL || errno == EMSGSIZE)
                m->peer->no_gso = true;
            else
                p->gso = 1;
            send_singly(p, m);
            done++;
        } else {
            drop(p, DROP_SEND_ERROR);
            done++;
        }
    }
    p->turn_sent += (uint64_t)p->queued;
    p->queued = 0;
    p->tx_used = 0;
}

/* Where a packet of so many bytes to this peer is to be written; `extends` when it shares a send. */
static uint8_t *make_room(struct plane *p, const struct peer *peer, int length, bool *extends)
{
    if (p->tx_used + MAX_OUT + 16 > TX_BYTES || p->queued == MESSAGES)
        flush(p);
    const struct message *m = p->queued ? &p->messages[p->queued - 1] : NULL;
    *extends = m && m->peer == peer && !peer->no_gso && m->segments < p->gso && m->tail == m->segment &&
               length <= m->segment && m->segment <= MAX_SEGMENT && m->bytes + length <= GSO_BYTES;
    if (!*extends)
        p->tx_used = (p->tx_used + 15) & ~(size_t)15;
    return p->tx + p->tx_used;
}

static void queue(struct plane *p, struct peer *peer, uint8_t *data, int length, bool extends)
{
    p->tx_used += (size_t)length;
    if (extends) {
        struct message *m = &p->messages[p->queued - 1];
        m->bytes += length;
        m->tail = length;
        m->segments++;
    } else {
        p->messages[p->queued++] = (struct message){peer, data, length, 1, length, length};
    }
}

/* --- what a slot makes of a packet ------------------------------------------------------------- */

static uint64_t source_of(const struct producer *s) { return (uint64_t)s->handle << 32 | s->epoch; }

static void begin_view(struct slot *slot)
{
    WRITE(slot->version, READ(slot->version) + 1);
    atomic_thread_fence(memory_order_release);
}

static void end_view(struct slot *slot)
{
    atomic_store_explicit(&slot->version, READ(slot->version) + 1, memory_order_release);
}

/* Note when the next transport-wide number of the peer goes out; returns it. */
static uint16_t take_transport(struct plane *p, struct peer *peer, int bytes)
{
    uint16_t number = (uint16_t)peer->next_transport++;
    uint64_t micros = (uint64_t)llrint(p->now * 1e6) & 0xFFFFFFFFFu;
    WRITE(peer->transport[number % TRANSPORT_HISTORY], (uint64_t)number << 48 | (uint64_t)bytes << 36 | micros);
    return number;
}

/* Rewrite -> protect -> queue. `repair`: as RTX of the slot's number (RFC 4588). */
static bool send_packet(struct plane *p, struct slot *slot, const struct packet *packet, int64_t number,
                        uint32_t timestamp_offset, bool again)
{
    struct peer *peer = slot->peer;
    bool repair = again && slot->rtx_payload_type;
    int kind = (packet->level != ABSENT ? 1 : 0) | (packet->orientation != ABSENT ? 2 : 0);
    const plane_head *head = &slot->heads[kind];
    int start = head->length + (repair ? OSN_BYTES : 0);
    int length = start + packet->length;
    uint16_t transport = 0;
    if (head->transport_at) {
        uint32_t sent = slot->plain_resend ? READ(slot->sent_numbers[number % SENT_NUMBERS]) : 0;
        if (!again || repair)
            transport = take_transport(p, peer, length);
        else if (sent >> 16 == (uint16_t)number)
            transport = (uint16_t)sent;
        else
            return false;        /* its bytes cannot be made again, and other bytes must not have its nonce */
        if (!again && slot->plain_resend)
            WRITE(slot->sent_numbers[number % SENT_NUMBERS], (uint32_t)(number & 0xFFFF) << 16 | transport);
    }

    bool extends;
    uint8_t *out = make_room(p, peer, length + peer->tag_bytes, &extends);
    memcpy(out, head->bytes, head->length);
    out[1] = (uint8_t)(packet->marker | (repair ? slot->rtx_payload_type : slot->payload_type));
    put16(out + 2, (uint16_t)(repair ? slot->rtx_sequence++ : number));
    put32(out + 4, packet->timestamp + timestamp_offset);
    put32(out + 8, repair ? slot->rtx_ssrc : slot->ssrc);
    if (head->transport_at)
        put16(out + head->transport_at, transport);
    if (head->level_at)
        out[head->level_at] = (uint8_t)packet->level;
    if (head->orientation_at)
        out[head->orientation_at] = (uint8_t)packet->orientation;
    if (repair)
        put16(out + head->length, (uint16_t)number);
    if (packet->length)
        memcpy(out + start, packet->payload, packet->length);

    int size = length;
    if (p->protect(peer->sender, out, &size) != SRTP_OK || size != length + peer->tag_bytes) {
        drop(p, DROP_PROTECT);
        return false;
    }
    queue(p, peer, out, size, extends);
    return true;
}

static void send_burst(struct plane *p, struct slot *slot, const struct producer *s)
{
    slot_figures *figures = &slot->view.figures;
    uint64_t packets = 0, bytes = 0;
    int64_t next = figures->next_sequence;
    uint32_t last_timestamp = figures->last_timestamp;
    for (int i = 0; i < s->burst_count; i++) {
        const struct packet *packet = s->burst[i];
        int64_t number = READ(packet->sequence);
        if (number < slot->base)
            continue;            /* older than the switch to this source */
        number += slot->offset;
        if (send_packet(p, slot, packet, number, figures->timestamp_offset, false)) {
            packets++;
            bytes += packet->length;
        }
        if (number >= next) {
            next = number + 1;
            last_timestamp = packet->timestamp + figures->timestamp_offset;
            slot->last_at = READ(packet->at);
            slot->sent_any = true;
        }
    }
    begin_view(slot);
    figures->packets += packets;
    figures->bytes += bytes;
    figures->next_sequence = next;
    figures->last_timestamp = last_timestamp;
    end_view(slot);
}

/* --- keyframes: may a decoder join here? A payload that is too short is no keyframe. ----------------- */

static bool vp8_keyframe(const uint8_t *d, int length) /* RFC 7741 §4.2, §4.3 */
{
    if (length < 1 || (d[0] & 0x17) != 0x10) /* start of partition 0 */
        return false;
    int at = 1;
    if (d[0] & 0x80) {
        if (length < 2)
            return false;
        uint8_t fields = d[1];
        at = 2;
        if (fields & 0x80) {     /* PictureID of 7 or 15 bits */
            if (length <= at)
                return false;
            at += d[at] & 0x80 ? 2 : 1;
        }
        at += (fields & 0x40 ? 1 : 0) + (fields & 0x30 ? 1 : 0);
    }
    return length > at && !(d[at] & 1);
}

static bool vp9_keyframe(const uint8_t *d, int length) /* RFC 9628 §4.2 */
{
    if (length < 1 || (d[0] & 0x48) != 0x08) /* begins a frame, not predicted from another */
        return false;
    if (!(d[0] & 0x20))
        return true;
    int at = 1;
    if (d[0] & 0x80) {
        if (length < 2)
            return false;
        at += d[1] & 0x80 ? 2 : 1;
    }
    return length > at && !(d[at] & 0x0E); /* lowest spatial layer */
}

static bool h264_start(uint8_t unit) { return (unit & 0x1F) == 5 || (unit & 0x1F) == 7; } /* IDR, SPS */

static bool h264_keyframe(const uint8_t *d, int length) /* RFC 6184 §5 */
{
    if (length < 1)
        return false;
    if ((d[0] & 0x1F) == 24) {   /* STAP-A */
        for (int at = 1; at + 2 < length; at += 2 + get16(d + at))
            if (h264_start(d[at + 2]))
                return true;
        return false;
    }
    if ((d[0] & 0x1F) == 28)     /* FU-A */
        return length > 1 && d[1] >= 0x80 && h264_start(d[1]);
    return h264_start(d[0]);
}

static bool is_keyframe(int codec, const struct packet *packet)
{
    switch (codec) {
    case CODEC_VP8: return vp8_keyframe(packet->payload, packet->length);
    case CODEC_VP9: return vp9_keyframe(packet->payload, packet->length);
    case CODEC_H264: return h264_keyframe(packet->payload, packet->length);
    case CODEC_AV1: return packet->length > 0 && (packet->payload[0] & 0x88) == 0x08; /* N without Z */
    default: return true;        /* audio: every packet can be the first */
    }
}

/* --- who listens to a producer ----------------------------------------------------------------- */

static bool ready(const struct slot *slot) { return slot->peer->sender && slot->peer->reachable; }

static void unlist(struct slot *slot)
{
    *slot->link = slot->next;
    if (slot->next)
        slot->next->link = slot->link;
    slot->next = NULL;
    slot->link = NULL;
}

static void list(struct slot *slot, bool flows)
{
    struct slot **head = flows ? &slot->source->flowing : &slot->source->waiting;
    if (slot->link)
        unlist(slot);
    slot->flows = flows;
    slot->next = *head;
    slot->link = head;
    if (slot->next)
        slot->next->link = &slot->next;
    *head = slot;
}

/* Map this packet of the routed producer onto the slot's next number, and all after it alike. Time goes
 * on from the last packet sent by the wall clock, by one tick at least. */
static void begin(struct slot *slot, const struct packet *packet, double now)
{
    struct producer *s = slot->source;
    slot_figures *figures = &slot->view.figures;
    uint32_t timestamp = figures->last_timestamp;
    if (slot->sent_any) {
        double elapsed = rint((now - slot->last_at) * s->clock_rate);
        timestamp += elapsed < 1 ? 1 : (uint32_t)(uint64_t)elapsed;
    }
    slot->base = READ(packet->sequence);
    slot->offset = figures->next_sequence - slot->base;
    begin_view(slot);
    figures->producer = s->handle;
    figures->timestamp_offset = timestamp - packet->timestamp;
    slot->view.segments[slot->view.segment_count++ % SEGMENTS] =
        (struct segment){figures->next_sequence, slot->offset, source_of(s), figures->timestamp_offset};
    end_view(slot);
}

/* Let waiting slots begin where a decoder can: at the first keyframe of the burst. */
static void join(struct producer *s, double now)
{
    for (int i = 0; i < s->burst_count; i++) {
        if (!is_keyframe(s->codec, s->burst[i]))
            continue;
        for (struct slot *slot = s->waiting, *next; slot; slot = next) {
            next = slot->next;
            if (ready(slot)) {
                begin(slot, s->burst[i], now);
                list(slot, true);
            }
        }
        return;
    }
}

/* Hand a producer's burst to its listeners: what came in together leaves together. */
static void fan_out(struct plane *p, struct producer *s)
{
    if (!s->burst_count)
        return;
    if (s->waiting)
        join(s, p->now);
    for (struct slot *slot = s->flowing; slot; slot = slot->next) {
        if (slot->next)
            __builtin_prefetch(slot->next);
        send_burst(p, slot, s);
    }
    s->burst_count = 0;
}

/* The source has started anew far ahead: its listeners' numbers go on without the gap. */
static void follow_jump(struct producer *s, const struct packet *packet, double now)
{
    for (struct slot *slot = s->flowing; slot; slot = slot->next)
        begin(slot, packet, now);
}

/* --- receiving --------------------------------------------------------------------------------- */

static uint32_t bucket(const struct plane *p, const union name *name)
{
    uint64_t key;
    if (name->sa.sa_family == AF_INET) {
        key = (uint64_t)name->in4.sin_addr.s_addr << 16 | name->in4.sin_port;
    } else {
        uint64_t half[2];
        memcpy(half, &name->in6.sin6_addr, sizeof half);
        key = (half[0] * 0x9E3779B97F4A7C15u ^ half[1]) + ((uint64_t)name->in6.sin6_port << 32);
    }
    key = (key ^ p->seed) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(key >> 32) % BUCKETS;
}

static bool same_name(const union name *a, const union name *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET)
        return a->in4.sin_port == b->in4.sin_port && a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
           !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof a->in6.sin6_addr);
}

static struct peer *find_peer(const struct plane *p, const union name *name)
{
    struct peer *peer = p->buckets[bucket(p, name)];
    while (peer && !same_name(&peer->name, name))
        peer = peer->next_in_bucket;
    return peer;
}

static struct producer *find_source(const struct peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->source_count; i++)
        if (peer->sources[i].ssrc == ssrc)
            return peer->sources[i].producer;
    return NULL;
}

static bool reported(const struct peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->unknown_count; i++)
        if (peer->unknown[i] == ssrc)
            return true;
    return peer->unknown_count == PLANE_MAX_UNKNOWN_SSRCS;
}

/* An unprotected RTP packet, its parts checked: they lie between `data` and `data + end`. */
struct incoming {
    const uint8_t *data;
    int payload, end;
    int extension, profile;      /* the elements' offset (0: none), and how they are written */
    uint16_t number;
    uint32_t timestamp, ssrc;
    uint8_t marker, payload_type;
};

/* Find the parts of a packet (RFC 3550 §5.1); false when one of them lies outside. */
static bool locate(struct incoming *in, const uint8_t *data, int length)
{
    if (length < FIXED_HEADER)
        return false;
    *in = (struct incoming){.data = data, .payload = FIXED_HEADER + 4 * (data[0] & 0x0F), .end = length,
                            .number = get16(data + 2), .timestamp = get32(data + 4), .ssrc = get32(data + 8),
                            .marker = data[1] & 0x80, .payload_type = data[1] & 0x7F};
    if (data[0] & 0x10) {
        in->payload += 4;
        if (in->payload > length)
            return false;
        in->extension = in->payload;
        in->profile = get16(data + in->payload - 4);
        in->payload += 4 * get16(data + in->payload - 2);
    }
    if (in->payload > length)
        return false;
    if (data[0] & 0x20) {
        int padding = in->payload < length ? data[length - 1] : 0;
        in->end -= padding;
        return padding && in->end >= in->payload;
    }
    return true;
}

/* Walk the extension elements (RFC 8285): both forms. False when one of them leaves the block. `values` gets
 * one-byte values by id where `wanted` has the id; `loudest` the least of those of the first id. */
static bool read_elements(const struct incoming *in, const int wanted[2], int16_t values[2], int *loudest)
{
    bool one_byte = in->profile == 0xBEDE;
    if (!in->extension || (!one_byte && (in->profile & 0xFFF0) != 0x1000))
        return true;
    const uint8_t *d = in->data;
    for (int at = in->extension; at < in->payload;) {
        int id = d[at++], size;
        if (id == 0)
            continue;            /* padding */
        if (one_byte) {
            size = (id & 0x0F) + 1;
            id >>= 4;
            if (id == 15)
                return true;     /* §4.2: stop here, keep what came before */
        } else {
            if (at >= in->payload)
                return false;
            size = d[at++];
        }
        if (at + size > in->payload)
            return false;
        for (int i = 0; i < 2; i++)
            if (size == 1 && id == wanted[i]) {
                values[i] = d[at];
                if (i == 0 && (d[at] & 0x7F) < *loudest)
                    *loudest = d[at] & 0x7F;
            }
        at += size;
    }
    return true;
}

/* A packet of the producer's own SSRC: its extended number and the receiver's figures. */
static int64_t place(struct plane *p, struct producer *s, const struct incoming *in, bool *jumped)
{
    int64_t newest = READ(s->highest), sequence;
    if (READ(s->first) < 0) {
        sequence = in->number;
        WRITE(s->first, sequence);
        WRITE(s->highest, sequence);
        if (!s->started)
            s->started = raise_event(p, EVENT_STARTED, s->handle, 0, NULL, NULL, 0, EVENT_BYTES);
    } else {
        sequence = near_16(in->number, newest);
        if (sequence > newest)
            WRITE(s->highest, sequence);
        *jumped = sequence - newest > PLANE_MAX_DROPOUT;
        if (sequence > newest + 1 && !*jumped) {
            uint16_t lost[PLANE_MAX_LOST];
            size_t count = 0;
            int64_t from = newest + 1 > sequence - PLANE_MAX_LOST ? newest + 1 : sequence - PLANE_MAX_LOST;
            for (int64_t number = from; number < sequence; number++)
                lost[count++] = (uint16_t)number;
            raise_event(p, EVENT_LOST, s->handle, 0, NULL, lost, count * sizeof lost[0], EVENT_BYTES);
        }
    }
    ADD(s->packets, 1);
    ADD(s->bytes, (uint64_t)(in->end - in->payload));
    /* Interarrival jitter, RFC 3550 §A.8. */
    uint32_t transit = (uint32_t)(uint64_t)(p->now * s->clock_rate) - in->timestamp;
    if (READ(s->packets) > 1) {
        uint32_t drift = transit - s->transit;
        s->jitter += ((double)(drift > INT32_MAX ? -drift : drift) - s->jitter) / 16;
        WRITE(s->jitter_ticks, (uint32_t)s->jitter);
    }
    s->transit = transit;
    return sequence;
}

/* Remember the packet; NULL when it is there already or older than the cache. */
static struct packet *remember(struct plane *p, struct producer *s, const struct incoming *in, int64_t sequence,
                               const uint8_t *payload, int length)
{
    struct packet *packet = &s->cache[sequence & s->cache_mask];
    if (READ(packet->sequence) >= sequence) {
        drop(p, READ(packet->sequence) == sequence ? DROP_DUPLICATE : DROP_LATE);
        return NULL;
    }
    if (packet->turn == p->turn)
        fan_out(p, s);           /* the older one in this place may still be on its way */
    if (packet->room < length) {
        int room = (length + 255) & ~255;
        uint8_t *larger = realloc(packet->payload, (size_t)room);
        if (!larger) {
            drop(p, DROP_NO_ROOM);
            return NULL;
        }
        packet->payload = larger;
        packet->room = (uint16_t)room;
    }
    if (length)
        memcpy(packet->payload, payload, (size_t)length);
    packet->length = (uint16_t)length;
    packet->timestamp = in->timestamp;
    packet->marker = in->marker;
    packet->turn = p->turn;
    WRITE(packet->at, p->now);
    WRITE(packet->sequence, sequence);
    return packet;
}

/* A packet of a known producer. A retransmission takes the place of what was lost. */
static void admit(struct plane *p, struct producer *s, const struct incoming *in)
{
    const uint8_t *payload = in->data + in->payload;
    int length = in->end - in->payload;
    int wanted[2] = {s->level_id ? s->level_id : -1, s->orientation_id ? s->orientation_id : -1};
    int16_t values[2] = {ABSENT, ABSENT};
    int loudest = SILENT;
    if (!read_elements(in, wanted, values, &loudest))
        return drop(p, DROP_MALFORMED);
    bool jumped = false;
    int64_t sequence;
    if (s->known_ssrc && in->ssrc == s->ssrc && in->payload_type == s->payload_type) {
        sequence = place(p, s, in, &jumped);
    } else if (s->known_rtx && in->ssrc == s->rtx_ssrc && in->payload_type == s->rtx_payload_type) {
        if (!length)
            return drop(p, DROP_PADDING); /* browsers probe with empty ones */
        if (length < OSN_BYTES)
            return drop(p, DROP_MALFORMED);
        sequence = near_16(get16(payload), READ(s->highest));
        if (READ(s->first) < 0 || sequence >= READ(s->highest))
            return drop(p, DROP_DUPLICATE); /* nothing to repair: the original is still to come */
        payload += OSN_BYTES;
        length -= OSN_BYTES;
    } else {
        return drop(p, DROP_PAYLOAD_TYPE);
    }
    if (loudest < READ(s->audio_level))
        WRITE(s->audio_level, loudest);

    struct packet *packet = remember(p, s, in, sequence, payload, length);
    if (!packet)
        return;
    packet->level = values[0];
    packet->orientation = values[1];
    if (jumped) {
        fan_out(p, s);
        follow_jump(s, packet, p->now);
    }
    if (s->burst_count == 0 && !s->next_busy) {
        s->next_busy = p->busy ? p->busy : s; /* the last one points to itself */
        p->busy = s;
    }
    s->burst[s->burst_count++] = packet;
}

/* One datagram: demultiplex (RFC 7983), unprotect, hand on. Every length is checked here. */
static void take(struct plane *p, int cell)
{
    uint8_t *data = p->rx[cell];
    int length = (int)p->rx_headers[cell].msg_len;
    const union name *name = &p->rx_names[cell];
    uint8_t kind = length ? data[0] : 255;
    if (length > PLANE_MAX_DATAGRAM)
        return drop(p, DROP_OVERSIZED);
    if (kind < 128 || kind > 191) {
        if (kind <= 3 || (kind >= 20 && kind <= 63)) /* STUN and DTLS from anybody */
            raise_event(p, EVENT_DATAGRAM, 0, 0, name, data, (size_t)length, STRANGER_BYTES);
        else
            drop(p, DROP_UNKNOWN_KIND);
        return;
    }
    struct peer *peer = find_peer(p, name);
    if (!peer)
        return drop(p, DROP_UNKNOWN_SOURCE);
    if (length < FIXED_HEADER)
        return drop(p, DROP_MALFORMED);
    if (data[1] >= 192 && data[1] <= 223) { /* RFC 5761 §4 */
        raise_event(p, EVENT_RTCP, peer->handle, 0, NULL, data, (size_t)length, EVENT_BYTES);
        return;
    }
    if (!peer->receiver)
        return drop(p, DROP_NO_KEYS);
    uint32_t ssrc = get32(data + 8);
    struct producer *s = find_source(peer, ssrc);
    if (!s && reported(peer, ssrc))
        return drop(p, DROP_UNKNOWN_SSRC); /* unseen: unprotecting costs */
    if (length < FIXED_HEADER + peer->tag_bytes)
        return drop(p, DROP_MALFORMED);
    int size = length;
    int status = p->unprotect(peer->receiver, data, &size);
    if (status == SRTP_AUTH_FAIL || status == SRTP_CIPHER_FAIL)
        return drop(p, DROP_AUTH);
    if (status == SRTP_REPLAY_FAIL || status == SRTP_REPLAY_OLD)
        return drop(p, DROP_REPLAY);
    struct incoming in;
    if (status != SRTP_OK || size > length || !locate(&in, data, size))
        return drop(p, DROP_MALFORMED);
    if (s)
        return admit(p, s, &in);
    int wanted[2] = {-1, -1}, loudest = SILENT;
    int16_t values[2];
    if (!read_elements(&in, wanted, values, &loudest))
        return drop(p, DROP_MALFORMED);
    drop(p, DROP_UNKNOWN_SSRC);
    if (raise_event(p, EVENT_UNKNOWN, peer->handle, ssrc, NULL, data, (size_t)in.payload, EVENT_BYTES))
        peer->unknown[peer->unknown_count++] = ssrc;
}

/* --- commands, down from Python ---------------------------------------------------------------- */

static void unroute(struct slot *slot)
{
    if (!slot->source)
        return;
    unlist(slot);
    slot->source = NULL;
    slot->flows = false;
    begin_view(slot);
    slot->view.figures.producer = 0;
    end_view(slot);
}

/* Keys or address changed: what flowed flows on, what could not begin before may now. */
static void refresh(struct plane *p, struct peer *peer)
{
    for (struct slot *slot = peer->slots; slot; slot = slot->next_of_peer) {
        if (!slot->source)
            continue;
        if (slot->flows && !ready(slot))
            list(slot, false);
        else if (!slot->flows && ready(slot) && slot->source->codec != CODEC_OPUS)
            raise_event(p, EVENT_KEYFRAME, slot->source->handle, 0, NULL, NULL, 0, EVENT_BYTES);
    }
}

static void set_address(struct plane *p, struct peer *peer, const union name *name)
{
    if (peer->reachable) {
        struct peer **at = &p->buckets[bucket(p, &peer->name)];
        while (*at != peer)
            at = &(*at)->next_in_bucket;
        *at = peer->next_in_bucket;
    }
    peer->reachable = name != NULL;
    peer->no_gso = false;
    if (name) {
        struct peer **head = &p->buckets[bucket(p, name)];
        peer->name = *name;
        peer->next_in_bucket = *head;
        *head = peer;
    }
    refresh(p, peer);
}

static void set_keys(struct plane *p, struct peer *peer, const struct command *c)
{
    peer->receiver = (void *)c->b;
    peer->sender = (void *)c->c;
    peer->tag_bytes = (int)c->number;
    peer->retired_count = 0;     /* new keys, new nonces */
    refresh(p, peer);
}

static void forget_source(struct peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->source_count; i++)
        if (peer->sources[i].ssrc == ssrc)
            peer->sources[i--] = peer->sources[--peer->source_count];
}

/* Control has seen to it that the SSRC is no other producer's. */
static void bind_ssrc(struct producer *s, uint32_t ssrc, bool rtx)
{
    struct peer *peer = s->peer;
    if (rtx ? s->known_rtx : s->known_ssrc)
        forget_source(peer, rtx ? s->rtx_ssrc : s->ssrc);
    peer->sources[peer->source_count].ssrc = ssrc;
    peer->sources[peer->source_count++].producer = s;
    for (int i = 0; i < peer->unknown_count; i++)
        if (peer->unknown[i] == ssrc)
            peer->unknown[i--] = peer->unknown[--peer->unknown_count];
    if (rtx) {
        s->rtx_ssrc = ssrc;
        s->known_rtx = true;
        return;
    }
    s->ssrc = ssrc;
    s->known_ssrc = true;
    s->epoch++;                  /* another stream: nothing of the earlier one is remembered */
    s->transit = 0;
    s->jitter = 0;
    WRITE(s->jitter_ticks, 0);
    WRITE(s->first, -1);
    WRITE(s->highest, -1);
    for (int64_t i = 0; i <= s->cache_mask; i++)
        WRITE(s->cache[i].sequence, EMPTY);
    while (s->flowing)
        list(s->flowing, false);
}

static void drop_producer(struct producer *s)
{
    while (s->flowing)
        unroute(s->flowing);
    while (s->waiting)
        unroute(s->waiting);
    if (s->known_ssrc)
        forget_source(s->peer, s->ssrc);
    if (s->known_rtx)
        forget_source(s->peer, s->rtx_ssrc);
}

/* The next number of an SSRC that was used before under these keys, and no longer remembered here. */
static int64_t recall(struct peer *peer, uint32_t ssrc, int64_t otherwise)
{
    for (int i = 0; i < peer->retired_count; i++)
        if (peer->retired[i].ssrc == ssrc) {
            int64_t next = peer->retired[i].next;
            peer->retired[i] = peer->retired[--peer->retired_count];
            return next;
        }
    return otherwise;
}

static void add_slot(struct slot *slot)
{
    struct peer *peer = slot->peer;
    slot->next_of_peer = peer->slots;
    peer->slots = slot;
    begin_view(slot);
    slot->view.figures.next_sequence = recall(peer, slot->ssrc, slot->view.figures.next_sequence);
    end_view(slot);
    if (slot->rtx_ssrc)
        slot->rtx_sequence = recall(peer, slot->rtx_ssrc, slot->rtx_sequence);
}

static void drop_slot(struct slot *slot)
{
    struct peer *peer = slot->peer;
    unroute(slot);
    struct slot **at = &peer->slots;
    while (*at != slot)
        at = &(*at)->next_of_peer;
    *at = slot->next_of_peer;
    if (!peer->retired)
        return;                  /* the peer goes as a whole */
    /* Control counts the SSRCs of a peer: there is room for all (MAX_SENT_SSRCS). */
    peer->retired[peer->retired_count++] = (struct retired){slot->ssrc, slot->view.figures.next_sequence};
    if (slot->rtx_ssrc)
        peer->retired[peer->retired_count++] = (struct retired){slot->rtx_ssrc, slot->rtx_sequence};
}

static void route(struct slot *slot, struct producer *s, uint32_t types)
{
    unroute(slot);
    if (!s)
        return;
    slot->payload_type = types & 0x7F;
    slot->rtx_payload_type = slot->rtx_ssrc ? types >> 8 & 0x7F : 0;
    slot->source = s;
    list(slot, false);
}

/* The mapping that a number of the slot went out with. */
static const struct segment *find_segment(const struct view *view, int64_t number)
{
    uint32_t made = view->segment_count;
    if (number >= view->figures.next_sequence)
        return NULL;
    for (uint32_t i = made; i > 0 && made - i < SEGMENTS; i--) {
        const struct segment *segment = &view->segments[(i - 1) % SEGMENTS];
        if (segment->first <= number)
            return segment;
    }
    return NULL;
}

/* The cached packet with this extended number, unless it is older than the cache's time. */
static struct packet *cached(struct producer *s, int64_t sequence, double now)
{
    struct packet *packet = &s->cache[sequence & s->cache_mask];
    return READ(packet->sequence) == sequence && now - READ(packet->at) <= s->cache_seconds ? packet : NULL;
}

static void resend(struct plane *p, struct slot *slot, int64_t number)
{
    if (!slot->source || !ready(slot))
        return;
    const struct segment *segment = find_segment(&slot->view, number);
    if (!segment || segment->source != source_of(slot->source))
        return;                  /* what was routed away is never sent again */
    struct packet *packet = cached(slot->source, number - segment->offset, p->now);
    if (!packet || !send_packet(p, slot, packet, number, segment->timestamp_offset, true))
        return;
    begin_view(slot);
    slot->view.figures.retransmitted++;
    end_view(slot);
}

static void apply(struct plane *p, const struct command *c)
{
    if (c->op != OP_RESEND && p->queued)
        flush(p);                /* what is queued points to peers that may go now */
    switch (c->op) {
    case OP_KEYS: set_keys(p, (struct peer *)c->a, c); break;
    case OP_ADDRESS: set_address(p, (struct peer *)c->a, c->b ? &c->name : NULL); break;
    case OP_DROP_PEER: set_address(p, (struct peer *)c->a, NULL); break;
    case OP_ADD_PRODUCER: break; /* it is found when an SSRC is bound */
    case OP_BIND: bind_ssrc((struct producer *)c->a, c->number, c->b != 0); break;
    case OP_DROP_PRODUCER: drop_producer((struct producer *)c->a); break;
    case OP_ADD_SLOT: add_slot((struct slot *)c->a); break;
    case OP_REPEAT: p->add_stream((void *)c->b, (void *)c->c); break;
    case OP_DROP_SLOT: drop_slot((struct slot *)c->a); break;
    case OP_ROUTE: route((struct slot *)c->a, (struct producer *)c->b, c->number); break;
    case OP_RESEND: resend(p, (struct slot *)c->a, (int64_t)c->c); break;
    default: break;
    }
}

static void apply_commands(struct plane *p)
{
    uint64_t tail = atomic_load_explicit(&p->command_tail, memory_order_acquire);
    for (uint64_t head = READ(p->command_head); head != tail;) {
        apply(p, &p->commands[head % PLANE_COMMANDS]);
        atomic_store_explicit(&p->command_head, ++head, memory_order_release);
    }
}

/* --- the data thread --------------------------------------------------------------------------- */

static double read_clock(const struct plane *p)
{
    if (p->clock)
        return p->clock(p->clock_of);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What came in and lies in the first `count` cells, from the edge to the socket. */
static void handle(struct plane *p, int count)
{
    p->turn++;
    p->turn_sent = 0;
    ADD(p->received, (uint64_t)count);
    p->now = read_clock(p);
    apply_commands(p);
    for (int cell = 0; cell < count; cell++)
        take(p, cell);
    while (p->busy) {
        struct producer *s = p->busy;
        p->busy = s->next_busy == s ? NULL : s->next_busy;
        s->next_busy = NULL;
        fan_out(p, s);
    }
    flush(p);
    publish_events(p);
    if (count) {                 /* as many at a time as keep a turn short */
        uint64_t limit = TURN_PACKETS * (uint64_t)count / (p->turn_sent ? p->turn_sent : 1);
        p->limit = limit < 1 ? 1 : limit > BATCH ? BATCH : (int)limit;
    }
}

static int receive(struct plane *p)
{
    for (int i = 0; i < p->limit; i++)
        p->rx_headers[i].msg_hdr.msg_namelen = sizeof p->rx_names[i];
    int count = recvmmsg(p->fd, p->rx_headers, (unsigned)p->limit, MSG_DONTWAIT, NULL);
    return count < 0 ? 0 : count; /* an empty socket, or an ICMP answer that concerns no one */
}

static void sleep_until_needed(struct plane *p)
{
    struct pollfd wake[2] = {{p->fd, POLLIN, 0}, {p->command_fd, POLLIN, 0}};
    uint64_t count;
    atomic_store(&p->asleep, 1);
    if (atomic_load(&p->command_tail) == READ(p->command_head) && !atomic_load(&p->stop))
        poll(wake, 2, -1);
    atomic_store(&p->asleep, 0);
    if (wake[1].revents && read(p->command_fd, &count, sizeof count) < 0) {
        /* Somebody read it before: nothing is lost, the ring is looked at anyway. */
    }
}

int plane_run(plane *p)
{
    while (!atomic_load_explicit(&p->stop, memory_order_acquire)) {
        int count = receive(p);
        bool all = count < p->limit;
        handle(p, count);
        if (all)
            sleep_until_needed(p);
    }
    return 0;
}

/* --- the control thread's side ----------------------------------------------------------------- */

plane *plane_new(int fd, uintptr_t protect, uintptr_t unprotect, uintptr_t add_stream,
                 double (*clock)(void *), void *clock_of)
{
    struct plane *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->fd = fd;
    p->protect = (srtp_way)protect;
    p->unprotect = (srtp_way)unprotect;
    p->add_stream = (srtp_add)add_stream;
    p->clock = clock;
    p->clock_of = clock_of;
    p->gso = GSO_SEGMENTS;
    p->limit = BATCH;
    p->tx = malloc(TX_BYTES);
    p->events = malloc(EVENT_BYTES);
    p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    p->command_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    p->seed = (uint32_t)now.tv_nsec * 2654435761u ^ (uint32_t)(uintptr_t)p;
    for (int i = 0; i < BATCH; i++) {
        /* One byte more than allowed, so that too long is told from just fitting. */
        p->rx_vectors[i] = (struct iovec){p->rx[i], PLANE_MAX_DATAGRAM + 1};
        p->rx_headers[i].msg_hdr =
            (struct msghdr){.msg_name = &p->rx_names[i], .msg_iov = &p->rx_vectors[i], .msg_iovlen = 1};
    }
    for (int i = 0; i < MESSAGES; i++) {
        p->tx_headers[i].msg_hdr = (struct msghdr){.msg_iov = &p->tx_vectors[i], .msg_iovlen = 1};
        p->tx_control[i].header.cmsg_level = SOL_UDP;
        p->tx_control[i].header.cmsg_type = UDP_SEGMENT;
        p->tx_control[i].header.cmsg_len = CMSG_LEN(sizeof(uint16_t));
    }
    if (!p->tx || !p->events || p->event_fd < 0 || p->command_fd < 0) {
        plane_free(p);
        return NULL;
    }
    return p;
}

void plane_free(plane *p)
{
    if (p->event_fd >= 0)
        close(p->event_fd);
    if (p->command_fd >= 0)
        close(p->command_fd);
    free(p->tx);
    free(p->events);
    free(p);
}

int plane_event_fd(plane *p) { return p->event_fd; }
uint64_t plane_consumed(plane *p) { return atomic_load_explicit(&p->command_head, memory_order_acquire); }
void plane_set_gso(plane *p, int segments) { p->gso = segments; }

static void wake(struct plane *p)
{
    uint64_t one = 1;
    if (atomic_exchange(&p->asleep, 0) && write(p->command_fd, &one, sizeof one) < 0) {
        /* The counter is full: the data thread is awake. */
    }
}

void plane_stop(plane *p)
{
    atomic_store(&p->stop, 1);
    wake(p);
}

/* Give the data thread a command; 0 when the ring is full. */
int plane_push(plane *p, int op, uintptr_t a, uintptr_t b, uintptr_t c, uint32_t number, const uint8_t *name)
{
    uint64_t tail = READ(p->command_tail);
    if (tail - plane_consumed(p) == PLANE_COMMANDS)
        return 0;
    struct command *command = &p->commands[tail % PLANE_COMMANDS];
    *command = (struct command){.op = op, .number = number, .a = a, .b = b, .c = c};
    if (name)
        memcpy(command->name.bytes, name, sizeof command->name.bytes);
    atomic_store(&p->command_tail, tail + 1);
    wake(p);
    return 1;
}

/* The next event, valid until plane_done_event; NULL when there is none. */
const plane_event *plane_next_event(plane *p)
{
    for (;;) {
        uint64_t head = READ(p->event_head);
        if (head == atomic_load_explicit(&p->event_tail, memory_order_acquire))
            return NULL;
        const plane_event *event = (const plane_event *)(p->events + head % EVENT_BYTES);
        if (event->kind != EVENT_SKIP)
            return event;
        plane_done_event(p);
    }
}

void plane_done_event(plane *p)
{
    uint64_t head = READ(p->event_head);
    const plane_event *event = (const plane_event *)(p->events + head % EVENT_BYTES);
    atomic_store_explicit(&p->event_head, head + event->size, memory_order_release);
}

void plane_read(plane *p, plane_figures *figures)
{
    figures->received = READ(p->received);
    figures->sent = READ(p->sent);
    figures->sent_bytes = READ(p->sent_bytes);
    for (int i = 0; i < DROP_REASONS; i++)
        figures->dropped[i] = READ(p->dropped[i]);
}

peer *peer_new(uint32_t handle)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer)
        peer->handle = handle;
    return peer;
}

/* Room for what is remembered of transport-wide numbers, or of retired SSRCs: made when first needed. The
 * data thread looks at it only after a command that follows. 0 when there is no memory. */
int peer_want_transport(peer *peer)
{
    if (!peer->transport)
        peer->transport = calloc(TRANSPORT_HISTORY, sizeof *peer->transport);
    return peer->transport != NULL;
}

int peer_want_retired(peer *peer)
{
    if (!peer->retired)
        peer->retired = calloc(PLANE_MAX_SENT_SSRCS, sizeof *peer->retired);
    return peer->retired != NULL;
}

void peer_free(peer *peer)
{
    free((void *)peer->transport);
    free(peer->retired);
    free(peer);
}

void peer_transport_sent(peer *peer, const uint16_t *numbers, int count, double now, double *at, uint16_t *sizes)
{
    uint64_t now_micros = (uint64_t)llrint(now * 1e6);
    for (int i = 0; i < count; i++) {
        uint64_t word = peer->transport ? READ(peer->transport[numbers[i] % TRANSPORT_HISTORY]) : 0;
        at[i] = 0;
        sizes[i] = 0;
        if (word == 0 || word >> 48 != numbers[i])
            continue;
        uint64_t age = (now_micros - word) & 0xFFFFFFFFFu;
        if (age >> 35)           /* it was sent after `now` was read */
            age = 0;
        at[i] = (double)(now_micros - age) / 1e6;
        sizes[i] = word >> 36 & 0xFFF;
    }
}

producer *producer_new(peer *peer, uint32_t handle, int codec, int payload_type, int rtx_payload_type,
                       uint32_t clock_rate, int audio_level_id, int orientation_id)
{
    int packets = codec == CODEC_OPUS ? PLANE_AUDIO_CACHE_PACKETS : PLANE_VIDEO_CACHE_PACKETS;
    struct producer *s = calloc(1, sizeof *s + (size_t)packets * sizeof s->cache[0]);
    if (!s)
        return NULL;
    s->peer = peer;
    s->handle = handle;
    s->codec = codec;
    s->payload_type = payload_type;
    s->rtx_payload_type = rtx_payload_type;
    s->clock_rate = clock_rate;
    s->level_id = audio_level_id;
    s->orientation_id = orientation_id;
    s->cache_mask = packets - 1;
    s->cache_seconds = (codec == CODEC_OPUS ? PLANE_AUDIO_CACHE_MS : PLANE_VIDEO_CACHE_MS) / 1e3;
    s->audio_level = SILENT;
    s->first = s->highest = -1;
    for (int i = 0; i < packets; i++)
        s->cache[i].sequence = EMPTY;
    return s;
}

void producer_free(producer *s)
{
    for (int64_t i = 0; i <= s->cache_mask; i++)
        free(s->cache[i].payload);
    free(s);
}

void producer_read(producer *s, producer_figures *figures)
{
    figures->packets = READ(s->packets);
    figures->bytes = READ(s->bytes);
    figures->first = READ(s->first);
    figures->highest = READ(s->highest);
    figures->jitter = READ(s->jitter_ticks);
    figures->audio_level = atomic_exchange_explicit(&s->audio_level, SILENT, memory_order_relaxed);
}

/* Which of these numbers have neither come nor been repaired, of those that the cache reaches back to. */
int producer_missing(producer *s, const uint16_t *numbers, int count, uint16_t *found)
{
    int64_t highest = READ(s->highest);
    int absent = 0;
    for (int i = 0; i < count && highest >= 0; i++) {
        int64_t sequence = near_16(numbers[i], highest);
        if (highest - s->cache_mask <= sequence && sequence <= highest &&
            READ(s->cache[sequence & s->cache_mask].sequence) != sequence)
            found[absent++] = numbers[i];
    }
    return absent;
}

slot *slot_new(peer *peer, uint32_t handle, uint32_t ssrc, uint32_t rtx_ssrc, int plain_resend,
               const plane_head *heads, uint16_t first_sequence, uint16_t first_rtx_sequence,
               uint32_t first_timestamp)
{
    size_t numbers = plain_resend && heads->transport_at ? SENT_NUMBERS : 0;
    struct slot *slot = calloc(1, sizeof *slot + numbers * sizeof slot->sent_numbers[0]);
    if (!slot)
        return NULL;
    slot->peer = peer;
    slot->handle = handle;
    slot->ssrc = ssrc;
    slot->rtx_ssrc = rtx_ssrc;
    slot->heads = heads;
    slot->plain_resend = numbers != 0;
    slot->view.figures.next_sequence = first_sequence;
    slot->view.figures.last_timestamp = first_timestamp;
    slot->rtx_sequence = first_rtx_sequence;
    return slot;
}

void slot_free(slot *slot)
{
    free(slot->gates);
    free(slot);
}

/* A consistent copy. The data thread writes for a few nanoseconds and never waits in between. */
static void read_view(struct slot *slot, void *copy, size_t size)
{
    for (int tries = 1;; tries++) {
        uint32_t before = atomic_load_explicit(&slot->version, memory_order_acquire);
        memcpy(copy, &slot->view, size);
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && READ(slot->version) == before)
            return;
        if (tries % 64 == 0)
            sched_yield();       /* it was interrupted in the middle */
    }
}

void slot_read(slot *slot, slot_figures *figures) { read_view(slot, figures, sizeof *figures); }

/* Have these numbers sent again where they can be, each at most once in the gate's time. `s` is the producer
 * that control routed the slot to; the data thread looks again. Returns how many were ordered. */
int slot_retransmit(plane *p, slot *slot, producer *s, const uint16_t *numbers, int count, double now)
{
    struct view view;
    uint32_t micros = (uint32_t)(uint64_t)llrint(now * 1e6);
    int ordered = 0;
    read_view(slot, &view, sizeof view);
    if (!slot->gates) {
        slot->gates = malloc(GATES * sizeof *slot->gates);
        if (!slot->gates)
            return 0;
        for (int i = 0; i < GATES; i++) /* shut for nobody: long ago, and no slot's number */
            slot->gates[i] = (struct gate){UINT32_MAX, 0};
    }
    for (int i = 0; i < count && i < PLANE_MAX_RETRANSMIT; i++) {
        int64_t number = near_16(numbers[i], view.figures.next_sequence - 1);
        const struct segment *segment = find_segment(&view, number);
        struct gate *gate = &slot->gates[(uint32_t)number % GATES];
        if (!segment || segment->source != source_of(s) || !cached(s, number - segment->offset, now))
            continue;
        if (gate->number == (uint32_t)number && micros - gate->at < PLANE_RETRANSMIT_GATE_MS * 1000u)
            continue;
        if (!plane_push(p, OP_RESEND, (uintptr_t)slot, 0, (uintptr_t)number, 0, NULL))
            break;               /* the data thread is behind: more to send is no help */
        *gate = (struct gate){(uint32_t)number, micros};
        ordered++;
    }
    return ordered;
}
