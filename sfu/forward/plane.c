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
 * SRTP functions come as pointers (libsrtp as pylibsrtp carries it, and OpenSSL's cipher for plane_seal.c; a session is
 * used by one thread).
 * RFC 3550 (RTP), 3711 (SRTP), 4588 (RTX), 5761 and 7983 (demultiplexing), 8285 (header extensions).
 */
#include "plane_types.h"

#include "plane_rtp.c"

#include "plane_out.c"

#include "plane_seal.c"

#include "plane_streams.c"

#include "plane_slots.c"

#include "plane_listeners.c"

#include "plane_producer.c"

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

/* Where a peer's SSRC hangs in the plane's table. Strangers choose SSRCs; they do not know the seed. */
static struct source **source_chain(struct plane *p, const struct peer *peer, uint32_t ssrc)
{
    uint64_t key = ((uint64_t)peer->handle << 32 | (ssrc ^ p->seed)) * 0x9E3779B97F4A7C15u;
    key = (key ^ key >> 32) * 0xD6E8FEB86659FD93u;
    return &p->sources[(key >> 32) % BUCKETS];
}

static struct producer *find_source(struct plane *p, const struct peer *peer, uint32_t ssrc)
{
    for (struct source *at = *source_chain(p, peer, ssrc); at; at = at->next)
        if (at->ssrc == ssrc && at->producer->peer == peer)
            return at->producer;
    return NULL;
}

static bool reported(const struct peer *peer, uint32_t ssrc)
{
    for (int i = 0; i < peer->unknown_count; i++)
        if (peer->unknown[i] == ssrc)
            return true;
    return peer->unknown_count == PLANE_MAX_UNKNOWN_SSRCS;
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
    if (s->transport_id) {
        int32_t number = transport_number(in, s->transport_id);
        if (number >= 0)
            note_arrival(p, s->peer, (uint16_t)number);
    }
    bool own = s->known_ssrc && in->ssrc == s->ssrc;
    if (own && in->payload_type != s->payload_type)
        change_codec(p, s, in);
    bool jumped = false;
    int64_t sequence;
    struct redundant red;
    red.count = 0;
    if (own && in->payload_type == s->payload_type) {
        sequence = place(p, s, in, &jumped);
    } else if (own && s->red_payload_type && in->payload_type == s->red_payload_type) {
        if (!read_redundant(&red, payload, length))
            return drop(p, DROP_MALFORMED);
        if (red.type != s->payload_type)
            return drop(p, DROP_PAYLOAD_TYPE);
        payload = red.payload;
        length = red.length;
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
    if (sequence < s->since)
        return drop(p, DROP_LATE);
    struct picture picture = {.layer = -1};
    if (s->codec == CODEC_VP8)
        picture = read_picture(payload, length);
    struct packet *packet = remember(p, s, in, sequence, payload, length);
    if (packet) {
        packet->picture = picture;
        if (in->ssrc == s->ssrc)
            ADD(s->temporal_bytes[picture.layer < 0 ? 0 : picture.layer], (uint64_t)length);
        packet->level = values[0];
        packet->orientation = values[1];
        if (jumped) {
            fan_out(p, s);
            follow_jump(s, packet, p->now);
        }
        hand_on(p, s, packet);
    }
    if (red.count && !jumped)
        restore(p, s, in, sequence, &red);
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
    if (!peer->receiver && !peer->opener)
        return drop(p, DROP_NO_KEYS);
    uint32_t ssrc = get32(data + 8);
    struct producer *s = find_source(p, peer, ssrc);
    if (!s && reported(peer, ssrc))
        return drop(p, DROP_UNKNOWN_SSRC); /* unseen: unprotecting costs */
    struct incoming in;
    if (!locate_header(&in, data, length - peer->tag_bytes))
        return drop(p, DROP_MALFORMED);
    if (!unprotect(p, peer, &in, data, &length))
        return;
    if (!locate_end(&in, length))
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

#include "plane_commands.c"

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
    uint64_t bytes = 0;
    for (int cell = 0; cell < count; cell++)
        bytes += p->rx_headers[cell].msg_len;
    ADD(p->received, (uint64_t)count);
    ADD(p->received_bytes, bytes);
    p->now = read_clock(p);
    apply_commands(p);
    for (int cell = 0; cell < count; cell++)
        take(p, cell);
    fan_out_all(p);
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

/* Until a packet or a command is there. A packet seldom comes alone (a frame is several, a room has several
 * voices), and what is received together is sent together: so the first one waits HOLD_NANOSECONDS for the
 * others, once per sleep, as a network card holds back its interrupts. Where they follow each other, nothing
 * wakes the thread but the clock, PACE_SECONDS after it began the last turn, until it finds nothing. A loaded plane
 * does not sleep, and holds nothing. Commands do not wait. */
static void sleep_until_needed(struct plane *p)
{
    struct pollfd wake[2] = {{p->fd, POLLIN, 0}, {p->command_fd, POLLIN, 0}};
    const struct timespec hold = {0, HOLD_NANOSECONDS};
    uint64_t count;
    atomic_store(&p->asleep, 1);
    if (atomic_load(&p->command_tail) != READ(p->command_head) || atomic_load(&p->stop)) {
        /* Not now. */
    } else if (p->paced) {
        double left = PACE_SECONDS - (read_clock(p) - p->now);
        const struct timespec pace = {0, left > 0 ? (long)(left * 1e9) : 0};
        ppoll(&wake[1], 1, &pace, NULL);
    } else if (poll(wake, 2, -1) == 1 && wake[0].revents) {
        ppoll(&wake[1], 1, &hold, NULL);
    }
    atomic_store(&p->asleep, 0);
    if (wake[1].revents && read(p->command_fd, &count, sizeof count) < 0) {
        /* Somebody read it before: nothing is lost, the ring is looked at anyway. */
    }
}

int plane_run(plane *p)
{
    while (!atomic_load_explicit(&p->stop, memory_order_acquire)) {
        int count = receive(p);
        bool all = count < p->limit, commanded = READ(p->command_head) != atomic_load(&p->command_tail);
        handle(p, count);
        if (count) {
            p->paced = p->now - p->brought_at < PACED_SECONDS;
            p->brought_at = p->now;
        } else if (!commanded) {
            p->paced = false;    /* the clock woke it for nothing */
        }
        if (all)
            sleep_until_needed(p);
    }
    return 0;
}

#include "plane_control.c"
