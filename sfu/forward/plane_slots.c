/* A slot's side of the way: how its numbers map, what becomes of a packet.
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

/* Protect a packet of the slot that lies in `out`, `again` where these bytes went out before; `length` grows by the
 * tag. */
static bool protect(struct plane *p, struct slot *slot, uint8_t *out, int header, int *length, int64_t number,
                    bool repair, bool again)
{
    struct peer *peer = slot->peer;
    int plain = *length;
    if (!peer->sealer)
        return p->protect(session_of(slot), out, length) == SRTP_OK && *length == plain + peer->tag_bytes;
    int64_t index = number - (repair ? slot->rtx_since : slot->since);
    if (index < 0 || (!repair && !again && !first_time(&slot->sealed, number)))
        return false;
    *length += GCM_TAG_BYTES;
    return sealer_seal(peer->sealer, out, header, plain, (uint64_t)index);
}

/* Rewrite -> protect -> queue. `repair`: as RTX of the slot's number (RFC 4588). `before`: the packet before, if
 * this one is to carry its payload too (RFC 2198). */
static bool send_packet(struct plane *p, struct slot *slot, const struct packet *packet,
                        const struct packet *before, int64_t number, uint32_t timestamp_offset,
                        const struct shift *shift, bool again)
{
    struct peer *peer = slot->peer;
    bool repair = again && slot->rtx_payload_type;
    int kind = (packet->level != ABSENT ? 1 : 0) | (packet->orientation != ABSENT ? 2 : 0);
    const plane_head *head = &slot->heads[kind];
    int start = head->length + (repair ? OSN_BYTES : 0);
    int length = start + packet->length + (before ? RED_HEAD + before->length : 0);
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
    out[1] = (uint8_t)(packet->marker | (repair ? slot->rtx_payload_type
                                         : before ? slot->red_payload_type : slot->payload_type));
    int64_t sent_as = repair ? slot->rtx_sequence++ : number;
    put16(out + 2, (uint16_t)sent_as);
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
    if (before)
        start += put_earlier(out + start, slot->payload_type, packet->timestamp - before->timestamp,
                             before->payload, before->length);
    if (packet->length)
        memcpy(out + start, packet->payload, packet->length);
    if (shift->id | shift->tl0 | shift->key)
        shift_picture(out + start, &packet->picture, shift);

    int size = length;
    if (!protect(p, slot, out, head->length, &size, sent_as, repair, again)) {
        drop(p, DROP_PROTECT);
        return false;
    }
    queue(p, peer, out, size, extends);
    return true;
}

/* --- redundant audio --------------------------------------------------------------------------- */

/* The cached packet with this extended number, unless it is older than the cache's time. */
static struct packet *cached(struct producer *s, int64_t sequence, double now)
{
    struct packet *packet = &s->cache[sequence & s->cache_mask];
    return READ(packet->sequence) == sequence && now - READ(packet->at) <= s->cache_seconds ? packet : NULL;
}

/* The packet before, where this one is to carry its payload too, which then is noted; NULL: it goes out plainly. */
static const struct packet *to_double(const struct plane *p, struct slot *slot, const struct packet *packet,
                                      int64_t number)
{
    int64_t sequence = READ(packet->sequence) - 1;
    const struct packet *before = sequence >= slot->base ? cached(slot->source, sequence, p->now) : NULL;
    if (!before || before->length == 0 || before->length > MAX_RED_BLOCK ||
        RED_HEAD + before->length + packet->length > PLANE_MAX_RED_BYTES)
        return NULL;
    uint32_t ticks = packet->timestamp - before->timestamp;
    return ticks - 1 < MAX_RED_TICKS && first_time(&slot->doubled, number) ? before : NULL;
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
    uint64_t packets = 0, bytes = 0, doubled = 0;
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
        const struct packet *before = slot->doubles ? to_double(p, slot, packet, number) : NULL;
        if (send_packet(p, slot, packet, before, number, figures->timestamp_offset, &shift, false)) {
            packets++;
            bytes += packet->length;
            if (before) {
                bytes += RED_HEAD + before->length;
                doubled++;
            }
        }
        if (number >= next) {
            note_picture(slot, packet, &shift);
            next = number + 1;
            last_timestamp = packet->timestamp + figures->timestamp_offset;
            slot->last_at = READ(packet->at);
            slot->sent_any = true;
        }
    }
    if (doubled)
        ADD(p->doubled, doubled);
    begin_view(slot);
    figures->packets += packets;
    figures->bytes += bytes;
    figures->next_sequence = next;
    figures->last_timestamp = last_timestamp;
    end_view(slot);
}
