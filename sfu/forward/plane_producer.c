/* A producer's side of the way: a packet's place among those before it, the cache, what redundant audio brings
 * again, and a change of codec. Whose packet it is says plane.c. */

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

/* See to memory for a packet of this length: that of one too old to go out again, where there is such a one.
 * So a producer keeps what its time takes, not what its cache could hold. False when there is none to be had. */
static bool want_room(struct plane *p, struct producer *s, struct packet *packet, int64_t sequence, int length)
{
    if (packet->room >= length)
        return true;
    if (s->kept < sequence - s->cache_mask)
        s->kept = sequence - s->cache_mask;
    for (int looks = 0; looks < MAX_LOOKS && s->kept < sequence && !packet->payload; looks++) {
        struct packet *old = &s->cache[s->kept & s->cache_mask];
        if (READ(old->sequence) != EMPTY && p->now - READ(old->at) <= s->cache_seconds)
            break;
        packet->payload = old->payload;
        packet->room = old->room;
        old->payload = NULL;
        old->room = 0;
        s->kept++;
    }
    if (packet->room >= length)
        return true;
    int room = (length + 255) & ~255;
    uint8_t *larger = realloc(packet->payload, (size_t)room);
    if (!larger)
        return false;
    packet->payload = larger;
    packet->room = (uint16_t)room;
    return true;
}

/* Remember the packet; NULL when it is there already or older than the cache. */
static struct packet *remember(struct plane *p, struct producer *s, const struct incoming *in,
                               int64_t sequence, const uint8_t *payload, int length)
{
    struct packet *packet = &s->cache[sequence & s->cache_mask];
    if (READ(packet->sequence) >= sequence) {
        drop(p, READ(packet->sequence) == sequence ? DROP_DUPLICATE : DROP_LATE);
        return NULL;
    }
    if (packet->turn == p->turn)
        fan_out(p, s);           /* the older one in this place may still be on its way */
    if (!want_room(p, s, packet, sequence, length)) {
        drop(p, DROP_NO_ROOM);
        return NULL;
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

/* Remember when a transport-wide number came in, until control takes it. */
static void note_arrival(struct plane *p, struct peer *peer, uint16_t number)
{
    uint32_t tail = READ(peer->arrivals_tail);
    if (tail - atomic_load_explicit(&peer->arrivals_head, memory_order_acquire) >= PLANE_MAX_ARRIVALS)
        return;
    uint64_t micros = (uint64_t)llrint(p->now * 1e6) & 0xFFFFFFFFFFFFu;
    peer->arrivals[tail % PLANE_MAX_ARRIVALS] = (uint64_t)number << 48 | micros;
    atomic_store_explicit(&peer->arrivals_tail, tail + 1, memory_order_release);
}

static void use_format(struct producer *s, const plane_format *format)
{
    s->codec = format->codec;
    s->payload_type = format->payload_type;
    s->rtx_payload_type = format->rtx_payload_type;
}

static void forget_packets(struct producer *s)
{
    for (int64_t i = 0; i <= s->cache_mask; i++)
        WRITE(s->cache[i].sequence, EMPTY);
}

/* A packet with another payload type: where that is one of the producer's codecs, and newer than all before, it is
 * what it sends from now on. Its listeners wait for a keyframe of that, if they take it at all. */
static void change_codec(struct plane *p, struct producer *s, const struct incoming *in)
{
    int64_t highest = READ(s->highest);
    const plane_format *format = s->formats, *end = s->formats + s->format_count;
    while (format < end && format->payload_type != in->payload_type)
        format++;
    if (format == end || p->now - s->changed_at < PLANE_CODEC_GATE_MS / 1e3 ||
        (READ(s->first) >= 0 && near_16(in->number, highest) <= highest))
        return;
    if (!raise_event(p, EVENT_CODEC, s->handle, format->codec, NULL, NULL, 0, EVENT_BYTES))
        return;                  /* control has to know; the next packet tries again */
    fan_out(p, s);
    while (s->flowing) {
        struct slot *slot = s->flowing;
        leave(slot);
        begin_view(slot);
        slot->view.figures.producer = 0;
        end_view(slot);
        list(slot, false);
    }
    use_format(s, format);
    s->changed_at = p->now;
    if (READ(s->first) >= 0)
        s->since = highest + 1;
    s->epoch++;
    s->kept = 0;
    forget_packets(s);
}

/* Have the packet go to the listeners in this turn. */
static void hand_on(struct plane *p, struct producer *s, struct packet *packet)
{
    if (s->burst_count == BATCH)
        fan_out(p, s);           /* redundant audio brings more packets than datagrams */
    if (!s->busy) {
        s->busy = true;
        p->busy[p->busy_count++] = s;
    }
    s->burst[s->burst_count++] = packet;
}

/* Whether the packet with this number, if it is there, has a timestamp before (or behind) this one. */
static bool in_order(const struct producer *s, int64_t number, uint32_t timestamp, bool before)
{
    const struct packet *held = &s->cache[number & s->cache_mask];
    int32_t ahead = (int32_t)(before ? timestamp - held->timestamp : held->timestamp - timestamp);
    return READ(held->sequence) != number || ahead > 0;
}

/* Earlier payloads in redundant audio take the places of packets that were lost. They are told by how far back
 * they stand; what contradicts the timestamps beside that place is not believed. */
static void restore(struct plane *p, struct producer *s, const struct incoming *in, int64_t sequence,
                    const struct redundant *red)
{
    int ticks = 0;
    for (int back = 1; back <= red->count; back++) {
        int i = red->count - back;
        int64_t number = sequence - back;
        if (red->earlier[i].type != s->payload_type || red->earlier[i].ticks <= ticks || number < READ(s->first))
            return;
        ticks = red->earlier[i].ticks;
        struct incoming lost = {.timestamp = in->timestamp - (uint32_t)ticks};
        if (!red->earlier[i].length || READ(s->cache[number & s->cache_mask].sequence) >= number ||
            !in_order(s, number - 1, lost.timestamp, true) || !in_order(s, number + 1, lost.timestamp, false))
            continue;
        struct packet *packet = remember(p, s, &lost, number, red->earlier[i].payload, red->earlier[i].length);
        if (!packet)
            return;
        packet->picture = (struct picture){.layer = -1};
        packet->level = packet->orientation = ABSENT;
        hand_on(p, s, packet);
        ADD(p->restored, 1);
    }
}
