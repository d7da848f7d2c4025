/* What leaves the data thread: events up to Python, packets out by sendmmsg with UDP GSO.
 *
 * Nothing here waits: what has no room is dropped and counted. */

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
