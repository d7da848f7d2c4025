/* The load generator's receiver: reads many UDP sockets and counts RTP streams, so that Python need not.
 *
 * Nobody waits in epoll_wait while media flows: the generator looks at its sockets every millisecond or so, and a
 * server that sends on the same machine does not pay for waking it. Single-threaded.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

/* cdef begin */
enum { DATAGRAM = 2048, STREAMS = 65536, KEPT = 4096 };

typedef struct {                 /* one SSRC at one socket; a free entry has no packets */
    uint32_t socket, ssrc;
    uint64_t packets, bytes;
    int64_t first, highest;      /* extended sequence numbers */
    uint64_t late;               /* packets that came after a higher number */
} stream;

typedef struct {                 /* a datagram for Python to look at */
    uint32_t socket, length;
    int64_t arrived;             /* the kernel's CLOCK_REALTIME in ns */
    uint8_t data[2048];
} datagram;

typedef struct {
    uint64_t packets, bytes, rtcp, unkept;
    uint32_t others, samples;    /* how many lie in the two arrays below */
    uint32_t every;              /* sample each n-th RTP packet, 0: none */
    uint32_t streams;
} totals;

int receiver_open(void);
int receiver_add(int epoll, int fd, uint32_t socket);
void receiver_read(int epoll);
totals *receiver_totals(void);
uint32_t receiver_streams(stream *list); /* room for STREAMS / 2; returns how many */
datagram *receiver_others(void);   /* STUN, DTLS and SRTCP */
datagram *receiver_samples(void);  /* RTP */
/* cdef end */

enum { BATCH = 32, READY = 1024 };

static totals total;
static stream streams[STREAMS];
static datagram others[KEPT], samples[KEPT];
static uint8_t buffers[BATCH][DATAGRAM];

totals *receiver_totals(void) { return &total; }
datagram *receiver_others(void) { return others; }
datagram *receiver_samples(void) { return samples; }
int receiver_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int receiver_add(int epoll, int fd, uint32_t socket)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)socket << 32 | (uint32_t)fd};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void keep(datagram *list, uint32_t *count, uint32_t socket, const uint8_t *data, uint32_t length, int64_t at)
{
    if (*count == KEPT) {
        total.unkept++;
        return;
    }
    datagram *entry = &list[(*count)++];
    entry->socket = socket;
    entry->length = length;
    entry->arrived = at;
    memcpy(entry->data, data, length);
}

uint32_t receiver_streams(stream *list)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < STREAMS; i++)
        if (streams[i].packets)
            list[count++] = streams[i];
    return count;
}

/* NULL when the table is full: bounded at half, so that looking stays short. */
static stream *find_stream(uint32_t socket, uint32_t ssrc)
{
    uint64_t hash = ((uint64_t)socket << 32 | ssrc) * 0x9E3779B97F4A7C15u;
    for (uint32_t at = (uint32_t)(hash >> 48);; at = (at + 1) % STREAMS) {
        stream *found = &streams[at];
        if (found->packets && (found->socket != socket || found->ssrc != ssrc))
            continue;
        if (!found->packets) {
            if (total.streams == STREAMS / 2)
                return NULL;
            total.streams++;
            found->socket = socket;
            found->ssrc = ssrc;
            found->first = found->highest = -1;
        }
        return found;
    }
}

static void count_rtp(uint32_t socket, const uint8_t *data, uint32_t length)
{
    uint16_t number = (uint16_t)(data[2] << 8 | data[3]);
    uint32_t ssrc = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
    stream *s = find_stream(socket, ssrc);
    if (!s)
        return;
    if (s->first < 0) {
        s->first = s->highest = 65536 + number;
    } else {
        int16_t step = (int16_t)(number - (uint16_t)s->highest);
        if (step > 0)
            s->highest += step;
        else
            s->late++;
    }
    s->packets++;
    s->bytes += length;
}

static void take(uint32_t socket, const uint8_t *data, uint32_t length, int64_t at)
{
    if (length < 12 || data[0] >> 6 != 2) {
        keep(others, &total.others, socket, data, length, at);
    } else if (data[1] >= 192 && data[1] <= 223) {
        total.rtcp++;
        keep(others, &total.others, socket, data, length, at);
    } else {
        total.packets++;
        total.bytes += length;
        count_rtp(socket, data, length);
        if (total.every && total.packets % total.every == 0)
            keep(samples, &total.samples, socket, data, length, at);
    }
}

static int64_t arrival(struct msghdr *header)
{
    struct timespec at = {0, 0};
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS)
        memcpy(&at, CMSG_DATA(control), sizeof at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void drain(int fd, uint32_t socket)
{
    static struct mmsghdr headers[BATCH];
    static struct iovec vectors[BATCH];
    static union { struct cmsghdr align; uint8_t bytes[CMSG_SPACE(sizeof(struct timespec))]; } controls[BATCH];
    int count;
    do {
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){buffers[i], DATAGRAM};
            headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1, .msg_control = &controls[i],
                                                 .msg_controllen = sizeof controls[i]};
        }
        count = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < count; i++)
            take(socket, buffers[i], headers[i].msg_len, arrival(&headers[i].msg_hdr));
    } while (count == BATCH);
}

/* Empty every socket that has something. */
void receiver_read(int epoll)
{
    struct epoll_event ready[READY];
    int count = epoll_wait(epoll, ready, READY, 0);
    for (int i = 0; i < count; i++)
        drain((int)(ready[i].data.u64 & 0xFFFFFFFF), (uint32_t)(ready[i].data.u64 >> 32));
}
