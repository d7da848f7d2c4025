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

/* The session that both SSRCs of the slot are protected with: always the same one, or nonces would repeat. */
static void *session_of(const struct slot *slot)
{
    return slot->repeats ? slot->peer->repeater : slot->peer->sender;
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
                        uint32_t timestamp_offset, const struct shift *shift, bool again)
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
    if (shift->id | shift->tl0 | shift->key)
        shift_picture(out + start, &packet->picture, shift);

    int size = length;
    if (p->protect(session_of(slot), out, &size) != SRTP_OK || size != length + peer->tag_bytes) {
        drop(p, DROP_PROTECT);
        return false;
    }
    queue(p, peer, out, size, extends);
    return true;
}

/* --- temporal layers --------------------------------------------------------------------------- */

static struct segment *newest_segment(struct slot *slot)
{
    return &slot->view.segments[(slot->view.segment_count - 1) % slot->view.segment_room];
}

/* The mapping that a packet of the source came with when its numbers were looked at: false for one that was
 * dropped then, or is forgotten. */
static bool map_late(const struct slot *slot, int64_t source, int64_t *number, struct shift *shift)
{
    const struct view *view = &slot->view;
    int64_t end = INT64_MAX;     /* the number that the next stretch begins with */
    for (uint32_t i = view->segment_count; i > 0 && view->segment_count - i < view->segment_room; i--) {
        const struct segment *segment = &view->segments[(i - 1) % view->segment_room];
        if (segment->source != source_of(slot->source))
            return false;
        if (source >= segment->first - segment->offset) {
            *number = source + segment->offset;
            *shift = segment->shift;
            return *number < end;
        }
        end = segment->first;
    }
    return false;
}

/* The packet is dropped for good: the numbers behind it close up. */
static void skip(struct slot *slot, int64_t source)
{
    struct segment *last = newest_segment(slot);
    struct segment next = {source + slot->offset, slot->offset - 1, source_of(slot->source),
                           slot->view.figures.timestamp_offset, slot->shift};
    slot->offset--;
    begin_view(slot);
    if (last->first != next.first) /* something came in between */
        last = &slot->view.segments[slot->view.segment_count++ % slot->view.segment_room];
    *last = next;
    slot->view.figures.thinned++;
    end_view(slot);
}

/* Whether a packet goes to a slot that has a limit, and as what. Pictures are taken or dropped whole; one goes
 * up a layer only at a picture that depends on the base layer alone. A late packet keeps its mapping. */
static bool pass(struct slot *slot, const struct packet *packet, int64_t *number, struct shift *shift)
{
    const struct picture *picture = &packet->picture;
    int64_t source = READ(packet->sequence);
    if (source <= slot->newest)
        return picture->layer <= slot->allowed && map_late(slot, source, number, shift);
    slot->newest = source;
    if (packet->timestamp != slot->picture_timestamp) {
        slot->picture_timestamp = packet->timestamp;
        if (slot->allowed > slot->limit)
            slot->allowed = slot->limit;
        if (picture->layer > slot->allowed && picture->layer <= slot->limit && picture->sync)
            slot->allowed = picture->layer;
        slot->skips = picture->layer > slot->allowed;
        if (slot->skips && picture->id_at)
            slot->shift.id--;
    }
    if (slot->skips)
        skip(slot, source);
    return !slot->skips;
}

/* Note what a decoder has seen, for the next source to go on from. */
static void note_picture(struct slot *slot, const struct packet *packet, const struct shift *shift)
{
    const uint8_t *d = packet->payload;
    const struct picture *at = &packet->picture;
    if (at->id_at) {
        slot->last_id = (uint16_t)(picture_id(d, at) + shift->id);
        slot->sent_id = true;
    }
    if (at->tl0_at) {
        slot->last_tl0 = (uint8_t)(d[at->tl0_at] + shift->tl0);
        slot->sent_tl0 = true;
    }
    if (at->key_at) {
        slot->last_key = (uint8_t)(d[at->key_at] + shift->key);
        slot->sent_key = true;
    }
}

/* The shift with which this picture follows what was sent. */
static struct shift shift_for(const struct slot *slot, const struct packet *packet)
{
    const uint8_t *d = packet->payload;
    const struct picture *at = &packet->picture;
    struct shift shift = {0, 0, 0};
    if (at->id_at && slot->sent_id)
        shift.id = (uint16_t)(slot->last_id + 1 - picture_id(d, at));
    if (at->tl0_at && slot->sent_tl0)
        shift.tl0 = (uint8_t)(slot->last_tl0 + 1 - d[at->tl0_at]);
    if (at->key_at && slot->sent_key)
        shift.key = (uint8_t)((slot->last_key + 1 - d[at->key_at]) & 0x1F);
    return shift;
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
        struct shift shift = slot->shift;
        if (slot->thins && !pass(slot, packet, &number, &shift))
            continue;
        if (send_packet(p, slot, packet, number, figures->timestamp_offset, &shift, false)) {
            packets++;
            bytes += packet->length;
        }
        if (number >= next) {
            note_picture(slot, packet, &shift);
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

static bool ready(const struct slot *slot) { return session_of(slot) && slot->peer->reachable; }

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

/* The slot leaves a source that fed it: keep how its timestamps mapped, for another one of its group. */
static void leave(struct slot *slot)
{
    const struct producer *s = slot->source;
    const slot_figures *figures = &slot->view.figures;
    if (!slot->flows || figures->producer != s->handle)
        return;
    slot->left_group = s->group;
    slot->left_reference = s->reference;
    slot->left_offset = figures->timestamp_offset - slot->extra;
}

/* How far this packet's timestamp is to lie behind the last one sent: by the wall clock, at least one tick. By
 * the clock of its group, where that is known and the two agree: time that would go back then stands still,
 * and `extra` remembers by how much. */
static uint32_t step_to(struct slot *slot, const struct packet *packet, double now)
{
    const struct producer *s = slot->source;
    double elapsed = rint((now - slot->last_at) * s->clock_rate);
    uint32_t step = elapsed < 1 ? 1 : (uint32_t)(uint64_t)elapsed;
    slot->extra = 0;
    if (!s->group || s->group != slot->left_group)
        return step;
    uint32_t aligned = packet->timestamp + slot->left_offset + slot->left_reference - s->reference;
    int32_t ahead = (int32_t)(aligned - slot->view.figures.last_timestamp);
    int64_t skew = (int64_t)ahead - step, per_ms = s->clock_rate / 1000;
    if (skew > PLANE_MAX_SKEW_MS * per_ms || skew < -PLANE_MAX_SKEW_MS * per_ms ||
        ahead < -PLANE_MAX_BEHIND_MS * per_ms)
        return step;
    if (ahead >= 1)
        return (uint32_t)ahead;
    slot->extra = (uint32_t)(1 - ahead);
    return 1;
}

/* Map this packet of the routed producer onto the slot's next number, and all after it alike. */
static void begin(struct slot *slot, const struct packet *packet, double now)
{
    struct producer *s = slot->source;
    slot_figures *figures = &slot->view.figures;
    uint32_t timestamp = figures->last_timestamp;
    if (slot->sent_any)
        timestamp += step_to(slot, packet, now);
    slot->base = READ(packet->sequence);
    slot->offset = figures->next_sequence - slot->base;
    slot->shift = shift_for(slot, packet);
    slot->allowed = slot->limit;
    slot->thins = slot->limit < PLANE_MAX_TEMPORAL;
    slot->skips = false;
    slot->newest = slot->base - 1;
    slot->picture_timestamp = packet->timestamp;
    begin_view(slot);
    figures->producer = s->handle;
    figures->timestamp_offset = timestamp - packet->timestamp;
    slot->view.segments[slot->view.segment_count++ % slot->view.segment_room] = (struct segment){
        figures->next_sequence, slot->offset, source_of(s), figures->timestamp_offset, slot->shift};
    end_view(slot);
}

/* The slot flows on until `s` shows a keyframe. */
static void expect_no_more(struct slot *slot)
{
    if (!slot->source_to_come)
        return;
    *slot->link_to_come = slot->next_to_come;
    if (slot->next_to_come)
        slot->next_to_come->link_to_come = slot->link_to_come;
    slot->source_to_come = NULL;
}

static void expect(struct slot *slot, struct producer *s, int type, int rtx_type)
{
    expect_no_more(slot);
    slot->source_to_come = s;
    slot->type_to_come = type;
    slot->rtx_type_to_come = rtx_type;
    slot->next_to_come = s->coming;
    slot->link_to_come = &s->coming;
    if (slot->next_to_come)
        slot->next_to_come->link_to_come = &slot->next_to_come;
    s->coming = slot;
}

static void take_over(struct producer *s, struct slot *slot)
{
    expect_no_more(slot);
    leave(slot);
    unlist(slot);
    slot->source = s;
    slot->payload_type = slot->type_to_come;
    slot->rtx_payload_type = slot->rtx_type_to_come;
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
        for (struct slot *slot = s->coming, *next; slot; slot = next) {
            next = slot->next_to_come;
            if (ready(slot)) {
                take_over(s, slot);
                begin(slot, s->burst[i], now);
                list(slot, true);
            }
        }
        return;
    }
}

/* Hand one producer's burst to its listeners: what came in together leaves together. */
static void fan_out(struct plane *p, struct producer *s)
{
    if (!s->burst_count)
        return;
    if (s->waiting || s->coming)
        join(s, p->now);
    for (struct slot *slot = s->flowing; slot; slot = slot->next) {
        if (slot->next)
            __builtin_prefetch(slot->next);
        send_burst(p, slot, s);
    }
    s->burst_count = 0;
}

/* Note that this turn has something for the slot. */
static struct peer **add_due(struct slot *slot, struct peer **last)
{
    struct peer *peer = slot->peer;
    if (!peer->due) {
        peer->due_end = &peer->due;
        peer->next_due = NULL;
        *last = peer;
        last = &peer->next_due;
    }
    slot->next_due = NULL;
    *peer->due_end = slot;
    peer->due_end = &slot->next_due;
    return last;
}

static int burst_length(const struct producer *s) { return s->burst_count ? s->burst[0]->length : 0; }

/* Several bursts, peer by peer: what a peer gets of several producers shares a send too. The kernel cuts a message
 * into equal packets and a shorter last one, so the long ones come first. */
static void fan_out_by_peer(struct plane *p)
{
    struct peer *first = NULL, **last = &first;
    for (int i = 1; i < p->busy_count; i++) { /* they are few */
        struct producer *s = p->busy[i];
        int at = i;
        for (; at > 0 && burst_length(p->busy[at - 1]) < burst_length(s); at--)
            p->busy[at] = p->busy[at - 1];
        p->busy[at] = s;
    }
    for (int i = 0; i < p->busy_count; i++) {
        struct producer *s = p->busy[i];
        if (s->burst_count && s->waiting)
            join(s, p->now);
        for (struct slot *slot = s->burst_count ? s->flowing : NULL; slot; slot = slot->next)
            last = add_due(slot, last);
    }
    for (struct peer *peer = first; peer; peer = peer->next_due) {
        for (struct slot *slot = peer->due; slot; slot = slot->next_due)
            send_burst(p, slot, slot->source);
        peer->due = NULL;
    }
    for (int i = 0; i < p->busy_count; i++)
        p->busy[i]->burst_count = 0;
}

/* Hand every busy producer's burst to its listeners. */
static void fan_out_all(struct plane *p)
{
    bool moves = false;          /* a slot may change from one of them to another */
    for (int i = 0; i < p->busy_count; i++) {
        p->busy[i]->busy = false;
        moves |= p->busy[i]->coming != NULL;
    }
    if (p->busy_count > 1 && !moves)
        fan_out_by_peer(p);
    else
        for (int i = 0; i < p->busy_count; i++)
            fan_out(p, p->busy[i]);
    p->busy_count = 0;
}

/* The source has started anew far ahead: its listeners' numbers go on without the gap. */
static void follow_jump(struct producer *s, const struct packet *packet, double now)
{
    for (struct slot *slot = s->flowing; slot; slot = slot->next) {
        leave(slot);
        begin(slot, packet, now);
    }
}
