/* A slot's side of the way: who listens to a producer, how its numbers map, what becomes of a packet.
 *
 * What control reads of a slot (`view`) is written between `begin_view` and `end_view` only. */

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
    WRITE(peer->transport[number % TRANSPORT_HISTORY],
          (uint64_t)number << 48 | (uint64_t)bytes << 36 | micros);
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
        if (!is_keyframe(s->codec, s->burst[i]->payload, s->burst[i]->length))
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
