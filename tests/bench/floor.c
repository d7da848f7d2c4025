/* The floor under every forwarding plane: what protecting and sending costs, with next to nothing else.
 *
 * No unprotecting, no tables, no rewriting: what a publisher sends is taken from the socket unseen, and when
 * a burst of it is complete, every listener gets a burst that is copied from a template, numbered, protected
 * (by the plane's own cipher, plane_seal.c) and handed to sendmmsg. `gso` 1 sends every packet as a datagram of
 * its own, more lets equal packets to one listener share a send. floor.py drives it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGES 256
#define TAG_BYTES 16
#define TX_BYTES (256 * 1024)
#define UDP_SEGMENT 103
#define SOL_UDP 17

typedef struct {
    uintptr_t sealer;
    uint8_t name[28];
    uint64_t index;                 /* of the next packet; its low 16 bits are the sequence number */
} floor_listener;

typedef struct {
    int fd, head, size, burst, gso; /* head and size: of a packet before it is protected */
    int count;
    floor_listener *listeners;
    int came;                       /* packets of the publisher so far */
    uint8_t name[28];               /* of the publisher */
    uintptr_t seal;
} floor_source;

static struct mmsghdr headers[MESSAGES];
static struct iovec vectors[MESSAGES];
static union { struct cmsghdr header; char bytes[CMSG_SPACE(2)]; } controls[MESSAGES];
static uint8_t buffer[TX_BYTES];

static void send_all(floor_source *s, int messages)
{
    for (int done = 0; done < messages;) {
        int sent = sendmmsg(s->fd, headers + done, messages - done, MSG_DONTWAIT);
        done += sent > 0 ? sent : 1;
    }
}

static void burst(floor_source *s, const uint8_t *packet)
{
    int (*seal)(const void *, uint8_t *, int, int, uint64_t) =
        (int (*)(const void *, uint8_t *, int, int, uint64_t))s->seal;
    int size = s->size + TAG_BYTES;
    int messages = 0;
    size_t used = 0;
    for (int i = 0; i < s->count; i++) {
        floor_listener *l = &s->listeners[i];
        int segments = 0;
        for (int k = 0; k < s->burst; k++) {
            if (used + 2600 > TX_BYTES || messages == MESSAGES) {
                send_all(s, messages);
                messages = 0;
                used = 0;
                segments = 0;
            }
            uint8_t *out = buffer + used;
            memcpy(out, packet, s->size);
            out[2] = l->index >> 8 & 0xFF;
            out[3] = l->index & 0xFF;
            seal((const void *)l->sealer, out, s->head, s->size, l->index++);
            used += size;
            if (segments && segments < s->gso) {
                struct msghdr *h = &headers[messages - 1].msg_hdr;
                vectors[messages - 1].iov_len += size;
                h->msg_control = &controls[messages - 1];
                h->msg_controllen = sizeof controls[0].bytes;
                segments++;
                continue;
            }
            uint16_t segment = size;
            segments = 1;
            vectors[messages] = (struct iovec){out, size};
            controls[messages].header.cmsg_len = CMSG_LEN(2);
            controls[messages].header.cmsg_level = SOL_UDP;
            controls[messages].header.cmsg_type = UDP_SEGMENT;
            memcpy(CMSG_DATA(&controls[messages].header), &segment, 2);
            headers[messages].msg_hdr =
                (struct msghdr){.msg_name = l->name, .msg_namelen = 16, .msg_iov = &vectors[messages],
                                .msg_iovlen = 1};
            messages++;
        }
    }
    send_all(s, messages);
}

/* Send until told to stop: a burst to each of a source's listeners for a burst of the publisher. */
int floor_run(floor_source *sources, int count, volatile int *stop)
{
    uint8_t packet[2048] = {0x80, 96}, unseen[2048];
    struct pollfd readable = {sources->fd, POLLIN, 0};
    struct sockaddr_in from;
    for (size_t i = 12; i < sizeof packet; i++)
        packet[i] = (uint8_t)(i * 131);
    while (!*stop) {
        socklen_t size = sizeof from;
        if (recvfrom(sources->fd, unseen, sizeof unseen, MSG_DONTWAIT, (struct sockaddr *)&from, &size) < 0) {
            poll(&readable, 1, 100);
            continue;
        }
        for (int i = 0; i < count; i++)
            if (!memcmp(&from, sources[i].name, 8) && ++sources[i].came % sources[i].burst == 0)
                burst(&sources[i], packet);
    }
    return 0;
}
