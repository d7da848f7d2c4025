/* The control thread's side: making and freeing, giving commands, hearing events, reading figures.
 *
 * Nothing here waits for the data thread. What it reads are atomics, or a slot's view under its lock. */

plane *plane_new(int fd, uintptr_t protect, uintptr_t unprotect, double (*clock)(void *), void *clock_of)
{
    struct plane *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->fd = fd;
    p->protect = (srtp_way)protect;
    p->unprotect = (srtp_way)unprotect;
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
    figures->received_bytes = READ(p->received_bytes);
    figures->sent = READ(p->sent);
    figures->sent_bytes = READ(p->sent_bytes);
    figures->probes = READ(p->probes);
    figures->restored = READ(p->restored);
    figures->doubled = READ(p->doubled);
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

int peer_want_arrivals(peer *peer)
{
    if (!peer->arrivals)
        peer->arrivals = calloc(PLANE_MAX_ARRIVALS, sizeof *peer->arrivals);
    return peer->arrivals != NULL;
}

/* Take what has arrived, at most PLANE_MAX_ARRIVALS; returns how many. */
int peer_take_arrivals(peer *peer, uint16_t *numbers, double *at, double now)
{
    uint32_t head = READ(peer->arrivals_head);
    uint32_t tail = atomic_load_explicit(&peer->arrivals_tail, memory_order_acquire);
    uint64_t now_micros = (uint64_t)llrint(now * 1e6);
    int count = 0;
    for (; head != tail; head++, count++) {
        uint64_t word = peer->arrivals[head % PLANE_MAX_ARRIVALS];
        uint64_t age = (now_micros - word) & 0xFFFFFFFFFFFFu;
        if (age >> 47)           /* it came after `now` was read */
            age = 0;
        numbers[count] = (uint16_t)(word >> 48);
        at[count] = (double)(now_micros - age) / 1e6;
    }
    atomic_store_explicit(&peer->arrivals_head, head, memory_order_release);
    return count;
}

void peer_free(peer *peer)
{
    forget_streams(peer);
    free(peer->arrivals);
    free((void *)peer->transport);
    free(peer->retired);
    free(peer);
}

void peer_transport_sent(peer *peer, const uint16_t *numbers, int count, double now, double *at,
                         uint16_t *sizes)
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

producer *producer_new(peer *peer, uint32_t handle, const plane_format *formats, int count, uint32_t clock_rate,
                       int audio_level_id, int orientation_id, int transport_id, int red_payload_type)
{
    bool audio = formats->codec == CODEC_OPUS;
    int packets = audio ? PLANE_AUDIO_CACHE_PACKETS : PLANE_VIDEO_CACHE_PACKETS;
    struct producer *s = calloc(1, sizeof *s + (size_t)packets * sizeof s->cache[0]);
    if (!s)
        return NULL;
    s->peer = peer;
    s->handle = handle;
    memcpy(s->formats, formats, (size_t)count * sizeof *formats);
    s->format_count = count;
    use_format(s, formats);
    s->changed_at = -INFINITY;
    s->since = EMPTY;
    s->clock_rate = clock_rate;
    s->level_id = audio_level_id;
    s->orientation_id = orientation_id;
    s->transport_id = transport_id;
    s->red_payload_type = red_payload_type;
    s->cache_mask = packets - 1;
    s->cache_seconds = (audio ? PLANE_AUDIO_CACHE_MS : PLANE_VIDEO_CACHE_MS) / 1e3;
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
    for (int i = 0; i <= PLANE_MAX_TEMPORAL; i++)
        figures->temporal_bytes[i] = READ(s->temporal_bytes[i]);
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

slot *slot_new(peer *peer, uint32_t handle, uint32_t ssrc, uint32_t rtx_ssrc, const plane_format *formats, int count,
               int plain_resend, const plane_head *heads, uint16_t first_sequence, uint16_t first_rtx_sequence,
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
    memset(slot->types, PLANE_NO_TYPE, sizeof slot->types);
    for (int i = 0; i < count; i++) {
        slot->types[formats[i].codec] = formats[i].payload_type;
        slot->rtx_types[formats[i].codec] = rtx_ssrc ? formats[i].rtx_payload_type : 0;
    }
    slot->heads = heads;
    slot->repeats = plain_resend;
    slot->plain_resend = numbers != 0;
    slot->view.figures.next_sequence = first_sequence;
    slot->view.figures.last_timestamp = first_timestamp;
    slot->rtx_sequence = first_rtx_sequence;
    slot->limit = slot->allowed = PLANE_MAX_TEMPORAL;
    slot->view.segments = slot->own;
    slot->view.segment_room = SEGMENTS;
    return slot;
}

void slot_free(slot *slot)
{
    free(slot->gates);
    free(slot->room);
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

/* The view with its segments. Their ring is exchanged for a larger one at most once, and both live on. */
static void read_segments(struct slot *slot, struct view *view, struct segment copy[THIN_SEGMENTS])
{
    for (int tries = 1;; tries++) {
        uint32_t before = atomic_load_explicit(&slot->version, memory_order_acquire);
        *view = slot->view;
        view->segment_room = view->segments == slot->own ? SEGMENTS : THIN_SEGMENTS;
        memcpy(copy, view->segments, view->segment_room * sizeof copy[0]);
        view->segments = copy;
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && READ(slot->version) == before)
            return;
        if (tries % 64 == 0)
            sched_yield();
    }
}

/* Room for the mappings of a slot that drops temporal layers, for OP_LIMIT; NULL when there is no memory. */
void *slot_want_room(slot *slot)
{
    if (!slot->room)
        slot->room = calloc(THIN_SEGMENTS, sizeof *slot->room);
    return slot->room;
}

/* Have these numbers sent again where they can be, each at most once in the gate's time. `s` is the producer
 * that control routed the slot to, `held` the one that feeds it until then (or NULL); the data thread looks
 * again. Returns how many were ordered. */
int slot_retransmit(plane *p, slot *slot, producer *s, producer *held, const uint16_t *numbers, int count,
                    double now)
{
    struct view view;
    struct segment segments[THIN_SEGMENTS];
    uint32_t micros = (uint32_t)(uint64_t)llrint(now * 1e6);
    int ordered = 0;
    read_segments(slot, &view, segments);
    if (held && view.figures.producer == held->handle)
        s = held;
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
