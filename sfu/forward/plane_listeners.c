/* Who listens to a producer: waiting for a keyframe, flowing, or changing over from another source, and how a burst
 * is handed to all of them. What a slot makes of a packet is plane_slots.c. */

static bool ready(const struct slot *slot)
{
    return slot->peer->reachable && (slot->peer->sealer || session_of(slot));
}

/* Whether what the source sends now can go out of the slot. */
static bool takes(const struct slot *slot, const struct producer *s)
{
    return ready(slot) && slot->types[s->codec] != PLANE_NO_TYPE;
}

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
    slot->payload_type = slot->types[s->codec];
    slot->rtx_payload_type = slot->rtx_types[s->codec];
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

static void expect(struct slot *slot, struct producer *s)
{
    expect_no_more(slot);
    slot->source_to_come = s;
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
}

/* Let waiting slots begin where a decoder can: at the first keyframe of the burst. */
static void join(struct producer *s, double now)
{
    for (int i = 0; i < s->burst_count; i++) {
        if (!is_keyframe(s->codec, s->burst[i]->payload, s->burst[i]->length))
            continue;
        for (struct slot *slot = s->waiting, *next; slot; slot = next) {
            next = slot->next;
            if (takes(slot, s)) {
                begin(slot, s->burst[i], now);
                list(slot, true);
            }
        }
        for (struct slot *slot = s->coming, *next; slot; slot = next) {
            next = slot->next_to_come;
            if (takes(slot, s)) {
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
