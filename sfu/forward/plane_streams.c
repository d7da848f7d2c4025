/* What comes in under a peer's keys: a stream for each SSRC that was authenticated, and unprotecting.
 *
 * A packet says only the low 16 bits of its number, so the rest is guessed from the newest one of its stream (RFC 3711
 * §3.3.1), and a number is taken once (§3.3.2). Nothing is noted before the packet is authenticated. A stream lives as
 * long as the keys: one that was forgotten could be replayed from its beginning. So their number has a bound, also
 * where libsrtp unprotects, which keeps its own and would never stop. */

static struct stream **stream_chain(struct peer *peer, uint32_t ssrc)
{
    return &peer->streams[(ssrc * 2654435761u) >> 16 & (STREAM_BUCKETS - 1)];
}

static struct stream *find_stream(struct peer *peer, uint32_t ssrc)
{
    struct stream *stream = *stream_chain(peer, ssrc);
    while (stream && stream->ssrc != ssrc)
        stream = stream->next;
    return stream;
}

static void forget_streams(struct peer *peer)
{
    for (int i = 0; i < STREAM_BUCKETS; i++)
        for (struct stream *stream = peer->streams[i], *next; stream; stream = next) {
            next = stream->next;
            free(stream);
        }
    memset(peer->streams, 0, sizeof peer->streams);
    peer->stream_count = 0;
}

/* The number that a packet most likely has, RFC 3711 appendix A: there is none before a stream's beginning. */
static int64_t guess_index(const struct stream *stream, uint16_t number)
{
    if (!stream)
        return number;
    int64_t index = (stream->newest & ~0xFFFFll) | number, ahead = index - stream->newest;
    if (ahead > 0x8000 && index > 0xFFFF)
        return index - 0x10000;
    return ahead < -0x8000 ? index + 0x10000 : index;
}

/* Unprotect a packet whose header lies inside, in place; `length` shrinks by the tag. Counts what is wrong with it, and
 * is false then. */
static bool unprotect(struct plane *p, struct peer *peer, const struct incoming *in, uint8_t *data, int *length)
{
    struct stream *stream = find_stream(peer, in->ssrc);
    if (!stream && peer->stream_count == PLANE_MAX_RECEIVED_SSRCS)
        return drop(p, DROP_UNKNOWN_SSRC), false;
    int64_t index = guess_index(stream, in->number);
    if (peer->opener) {
        *length -= peer->tag_bytes;
        if (stream && went_by(stream->seen, PLANE_RECEIVED_NUMBERS, stream->newest, index))
            return drop(p, DROP_REPLAY), false;
        if (!sealer_open(peer->opener, data, in->payload, *length, (uint64_t)index))
            return drop(p, DROP_AUTH), false;
    } else {
        int most = *length, status = p->unprotect(peer->receiver, data, length);
        if (status == SRTP_AUTH_FAIL || status == SRTP_CIPHER_FAIL)
            return drop(p, DROP_AUTH), false;
        if (status == SRTP_REPLAY_FAIL || status == SRTP_REPLAY_OLD)
            return drop(p, DROP_REPLAY), false;
        if (status != SRTP_OK || *length > most)
            return drop(p, DROP_MALFORMED), false;
    }
    if (!stream) {
        struct stream **chain = stream_chain(peer, in->ssrc);
        stream = calloc(1, sizeof *stream);
        if (!stream)
            return drop(p, DROP_NO_ROOM), false;
        *stream = (struct stream){.ssrc = in->ssrc, .next = *chain, .newest = index};
        *chain = stream;
        peer->stream_count++;
    }
    note_number(stream->seen, PLANE_RECEIVED_NUMBERS, &stream->newest, index);
    return true;
}
