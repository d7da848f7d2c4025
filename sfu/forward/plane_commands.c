/* Commands of control, applied by the data thread between receiving a batch and looking at it. `apply` is the
 * list of them. Control has checked them: handles exist, bounds are kept, an SSRC has one owner. */

static void unroute(struct slot *slot)
{
    expect_no_more(slot);
    if (!slot->source)
        return;
    leave(slot);
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
        if (slot->flows && !ready(slot)) {
            leave(slot);
            list(slot, false);
        } else if (!slot->flows && takes(slot, slot->source) && slot->source->codec != CODEC_OPUS)
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
    bool seals = c->number & PLANE_SEALS;
    peer->receiver = seals ? NULL : (void *)c->b;
    peer->opener = seals ? (struct sealer *)c->b : NULL;
    forget_streams(peer);
    peer->sender = seals ? NULL : (void *)c->c;
    peer->sealer = seals ? (struct sealer *)c->c : NULL;
    peer->tag_bytes = (int)(c->number & ~PLANE_SEALS);
    peer->retired_count = 0;     /* new keys, new nonces, and rollover counters that begin at 0 */
    for (struct slot *slot = peer->slots; slot; slot = slot->next_of_peer) {
        slot->since = slot->view.figures.next_sequence & ~0xFFFFll;
        slot->rtx_since = slot->rtx_sequence & ~0xFFFFll;
    }
    refresh(p, peer);
}

static void set_repeater(struct plane *p, struct peer *peer, void *session)
{
    peer->repeater = session;
    refresh(p, peer);
}

static void forget_source(struct plane *p, struct source *source)
{
    struct source **at = source_chain(p, source->producer->peer, source->ssrc);
    while (*at != source)
        at = &(*at)->next;
    *at = source->next;
}

/* Control has seen to it that the SSRC is no other producer's. */
static void bind_ssrc(struct plane *p, struct producer *s, uint32_t ssrc, bool rtx)
{
    struct peer *peer = s->peer;
    struct source *source = rtx ? &s->by_rtx_ssrc : &s->by_ssrc, **chain = source_chain(p, peer, ssrc);
    if (rtx ? s->known_rtx : s->known_ssrc)
        forget_source(p, source);
    *source = (struct source){ssrc, s, *chain};
    *chain = source;
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
    for (struct slot *slot = s->flowing; slot; slot = slot->next)
        leave(slot);
    s->epoch++;                  /* another stream: nothing of the earlier one is remembered */
    s->group = 0;
    s->since = EMPTY;
    s->transit = 0;
    s->jitter = 0;
    s->kept = 0;
    WRITE(s->jitter_ticks, 0);
    WRITE(s->first, -1);
    WRITE(s->highest, -1);
    forget_packets(s);
    while (s->flowing)
        list(s->flowing, false);
}

/* The slot's source goes: what is to take over is waited for, if there is such a one. */
static void bereave(struct slot *slot)
{
    struct producer *next = slot->source_to_come;
    unroute(slot);
    if (!next)
        return;
    slot->source = next;
    list(slot, false);
}

static void drop_producer(struct plane *p, struct producer *s)
{
    while (s->flowing)
        bereave(s->flowing);
    while (s->waiting)
        bereave(s->waiting);
    while (s->coming)
        unroute(s->coming);
    if (s->known_ssrc)
        forget_source(p, &s->by_ssrc);
    if (s->known_rtx)
        forget_source(p, &s->by_rtx_ssrc);
}

/* The numbers of an SSRC that was used before under these keys, and no longer remembered here. */
static struct retired recall(struct peer *peer, uint32_t ssrc, int64_t otherwise)
{
    for (int i = 0; i < peer->retired_count; i++)
        if (peer->retired[i].ssrc == ssrc) {
            struct retired found = peer->retired[i];
            peer->retired[i] = peer->retired[--peer->retired_count];
            return found;
        }
    return (struct retired){ssrc, otherwise, 0};
}

static void add_slot(struct slot *slot)
{
    struct peer *peer = slot->peer;
    slot->next_of_peer = peer->slots;
    peer->slots = slot;
    struct retired earlier = recall(peer, slot->ssrc, slot->view.figures.next_sequence);
    begin_view(slot);
    slot->view.figures.next_sequence = earlier.next;
    end_view(slot);
    slot->since = earlier.since;
    begin_numbers(&slot->sealed, earlier.next);
    if (slot->rtx_ssrc) {
        earlier = recall(peer, slot->rtx_ssrc, slot->rtx_sequence);
        slot->rtx_sequence = earlier.next;
        slot->rtx_since = earlier.since;
    }
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
    peer->retired[peer->retired_count++] = (struct retired){slot->ssrc, slot->view.figures.next_sequence, slot->since};
    if (slot->rtx_ssrc)
        peer->retired[peer->retired_count++] = (struct retired){slot->rtx_ssrc, slot->rtx_sequence, slot->rtx_since};
}

static void route(struct slot *slot, struct producer *s, bool hold)
{
    if (s && slot->source == s) {
        expect_no_more(slot);    /* back to what still feeds it */
        return;
    }
    if (s && hold && slot->flows) {
        expect(slot, s);
        return;
    }
    unroute(slot);
    if (!s)
        return;
    slot->source = s;
    list(slot, false);
}

/* From now on nothing above this temporal layer; `room` is for the mappings of what lies between. */
static void limit(struct slot *slot, int temporal, struct segment *room)
{
    slot->limit = (int8_t)temporal;
    if (room && slot->view.segments == slot->own) {
        uint32_t made = slot->view.segment_count;
        for (uint32_t i = made > SEGMENTS ? made - SEGMENTS : 0; i < made; i++)
            room[i % THIN_SEGMENTS] = slot->own[i % SEGMENTS];
        begin_view(slot);
        slot->view.segments = room;
        slot->view.segment_room = THIN_SEGMENTS;
        end_view(slot);
    }
    if (slot->thins || temporal == PLANE_MAX_TEMPORAL)
        return;
    slot->thins = true;
    slot->skips = false;
    slot->allowed = PLANE_MAX_TEMPORAL;
    slot->newest = slot->view.figures.next_sequence - slot->offset - 1;
    slot->picture_timestamp = slot->view.figures.last_timestamp - slot->view.figures.timestamp_offset;
}

/* The mapping that a number of the slot went out with. */
static const struct segment *find_segment(const struct view *view, int64_t number)
{
    uint32_t made = view->segment_count;
    if (number >= view->figures.next_sequence)
        return NULL;
    for (uint32_t i = made; i > 0 && made - i < view->segment_room; i--) {
        const struct segment *segment = &view->segments[(i - 1) % view->segment_room];
        if (segment->first <= number)
            return segment;
    }
    return NULL;
}

static void resend(struct plane *p, struct slot *slot, int64_t number)
{
    if (!slot->source || !ready(slot))
        return;
    const struct segment *segment = find_segment(&slot->view, number);
    if (!segment || segment->source != source_of(slot->source))
        return;                  /* what was routed away is never sent again */
    struct packet *packet = cached(slot->source, number - segment->offset, p->now);
    if (!packet || (slot->thins && packet->picture.layer > slot->allowed))
        return;
    const struct packet *before = NULL;
    if (!slot->rtx_payload_type && slot->doubled.newest) { /* the same bytes or none */
        if (number <= slot->doubled.newest - PLANE_SEALED_NUMBERS)
            return;
        if (is_noted(&slot->doubled, number) && !(before = cached(slot->source, number - segment->offset - 1, p->now)))
            return;
    }
    if (!send_packet(p, slot, packet, before, number, segment->timestamp_offset, &segment->shift, true))
        return;
    begin_view(slot);
    slot->view.figures.retransmitted++;
    end_view(slot);
}

/* Packets of nothing but padding on the slot's RTX stream (RFC 3550 §5.1). */
static void probe(struct plane *p, struct slot *slot, int packets, int padding, int type)
{
    const plane_head *head = &slot->heads[0];
    struct peer *peer = slot->peer;
    for (int i = 0; i < packets && ready(slot); i++) {
        bool extends;
        int length = head->length + padding, size = length;
        uint8_t *out = make_room(p, peer, length + peer->tag_bytes, &extends);
        memcpy(out, head->bytes, head->length);
        memset(out + head->length, 0, (size_t)padding);
        out[0] |= 0x20;
        out[1] = (uint8_t)type;
        int64_t number = slot->rtx_sequence++;
        put16(out + 2, (uint16_t)number);
        put32(out + 4, slot->view.figures.last_timestamp);
        put32(out + 8, slot->rtx_ssrc);
        if (head->transport_at)
            put16(out + head->transport_at, take_transport(p, peer, length));
        out[length - 1] = (uint8_t)padding;
        if (!protect(p, slot, out, head->length, &size, number, true, false)) {
            drop(p, DROP_PROTECT);
            continue;
        }
        queue(p, peer, out, size, extends);
        ADD(p->probes, 1);
    }
}

static void apply(struct plane *p, const struct command *c)
{
    if (c->op != OP_RESEND && c->op != OP_PROBE && p->queued)
        flush(p);                /* what is queued points to peers that may go now */
    switch (c->op) {
    case OP_KEYS: set_keys(p, (struct peer *)c->a, c); break;
    case OP_REPEATER: set_repeater(p, (struct peer *)c->a, (void *)c->c); break;
    case OP_ADDRESS: set_address(p, (struct peer *)c->a, c->b ? &c->name : NULL); break;
    case OP_DROP_PEER: set_address(p, (struct peer *)c->a, NULL); break;
    case OP_ADD_PRODUCER: break; /* it is found when an SSRC is bound */
    case OP_BIND: bind_ssrc(p, (struct producer *)c->a, c->number, c->b != 0); break;
    case OP_DROP_PRODUCER: drop_producer(p, (struct producer *)c->a); break;
    case OP_ADD_SLOT: add_slot((struct slot *)c->a); break;
    case OP_DROP_SLOT: drop_slot((struct slot *)c->a); break;
    case OP_ROUTE: route((struct slot *)c->a, (struct producer *)c->b, c->c != 0); break;
    case OP_RESEND: resend(p, (struct slot *)c->a, (int64_t)c->c); break;
    case OP_SYNC:
        ((struct producer *)c->a)->group = (uint32_t)c->c;
        ((struct producer *)c->a)->reference = c->number;
        break;
    case OP_LIMIT: limit((struct slot *)c->a, (int)c->number, (struct segment *)c->b); break;
    case OP_REDUNDANCY:
        ((struct slot *)c->a)->red_payload_type = (int)c->number;
        ((struct slot *)c->a)->doubles = c->b != 0;
        break;
    case OP_PROBE:
        probe(p, (struct slot *)c->a, (int)c->b, c->number & 0xFF, (int)(c->number >> 8));
        break;
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
