/* The way in for steps: what many sockets have brought is read in one call, and steps come out as numbers.
 *
 * A step is a WebSocket frame (RFC 6455) that holds a whole `player_move` as clients write it: without spaces, its
 * fields in the order of the protocol, numbers as plain decimals. Whatever is anything else is handed out as the
 * bytes that it is, from there to the end of the read: `world.clients.websocket` reads those, and says by
 * `intake_amid` when it is in the middle of something. So nothing is read in two ways at once, and what this file
 * does not know it need not judge. Memory or sockets that cannot be had: -1.
 */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Sockets that are read in one call; of one of them so many bytes, and so many steps before the rest is bytes. */
enum { AT_ONCE = 256, READ_BYTES = 16384, STEPS = 16, BYTES_ROOM = 16 * READ_BYTES, FOUND = AT_ONCE * (STEPS + 1) };
/* What was found, beside a step in one of the four directions. */
enum { FOUND_BYTES = 4, FOUND_END = 5 };

typedef struct intake {
    int epoll;
    uint8_t *amid; /* by wire: it is in the middle of something that is no step */
    int32_t wires_room;
    int32_t more; /* whether there is more to be read now */
    /* What was found, in the order in which it came: */
    int32_t wires[FOUND];
    int8_t kinds[FOUND];    /* the direction of a step, FOUND_BYTES or FOUND_END */
    double xs[FOUND], ys[FOUND]; /* of a step */
    int64_t numbers[FOUND]; /* a step's number; where the bytes begin in `bytes` */
    int32_t sizes[FOUND];   /* how many bytes there are */
    char bytes[BYTES_ROOM];
} intake;

static void intake_free(intake *in) {
    if (in == NULL) return;
    if (in->epoll >= 0) close(in->epoll);
    free(in->amid), free(in);
}

static intake *intake_new(void) {
    intake *in = calloc(1, sizeof *in);
    if (in == NULL) return NULL;
    in->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (in->epoll < 0) intake_free(in), in = NULL;
    return in;
}

/* What this socket brings is read here from now on; nobody else may read it. */
static int intake_add(intake *in, int32_t wire, int fd, int amid) {
    if (wire >= in->wires_room) {
        int32_t wanted = wire < 64 ? 64 : 2 * wire;
        uint8_t *found = realloc(in->amid, (size_t)wanted);
        if (found == NULL) return -1;
        in->amid = found, in->wires_room = wanted;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)fd << 32 | (uint32_t)wire};
    in->amid[wire] = (uint8_t)amid;
    return epoll_ctl(in->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* It is not read here any more. */
static void intake_remove(intake *in, int fd) { epoll_ctl(in->epoll, EPOLL_CTL_DEL, fd, NULL); }

/* Whether what comes next of this wire goes on from what its reader has kept. */
static void intake_amid(intake *in, int32_t wire, int amid) { in->amid[wire] = (uint8_t)amid; }

/* These very characters. */
static const char *expect(const char *at, const char *end, const char *words) {
    size_t length = strlen(words);
    return at != NULL && (size_t)(end - at) >= length && memcmp(at, words, length) == 0 ? at + length : NULL;
}

/* A number without sign and exponent of at most 15 digits, so that a double holds all of them: then dividing by a
 * power of ten, which it also holds, rounds as reading the decimal does. `places`: digits behind the point. */
static const char *decimal(const char *at, const char *end, int64_t *digits, int *places) {
    const char *start = at;
    int64_t value = 0;
    int count = 0, behind = -1;
    if (at == NULL) return NULL;
    for (; at < end; at++) {
        if (*at == '.' && behind < 0 && count > 0) {
            behind = 0;
        } else if (*at >= '0' && *at <= '9') {
            if (++count > 15 || (count == 2 && behind < 0 && *start == '0')) return NULL;
            value = value * 10 + (*at - '0');
            behind += behind >= 0;
        } else {
            break;
        }
    }
    if (count == 0 || behind == 0) return NULL;
    *digits = value, *places = behind < 0 ? 0 : behind;
    return at;
}

static const char *coordinate(const char *at, const char *end, double *value) {
    static const double TENS[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    int64_t digits;
    int places;
    at = decimal(at, end, &digits, &places);
    if (at == NULL) return NULL;
    *value = (double)digits / TENS[places];
    return *value <= 1e6 ? at : NULL; /* signaling.messages.MAX_COORDINATE */
}

/* The step that these bytes begin with: how many bytes of them it is; 0: it is none, or none yet. */
static int32_t step_in(const unsigned char *data, int64_t size, double *x, double *y, int8_t *direction, int64_t *number) {
    static const char *const NAMES[] = {"up\"", "down\"", "left\"", "right\""};
    char text[125];
    if (size < 6 || (data[0] != 0x81 && data[0] != 0x82) || (data[1] & 0x80) == 0) return 0;
    int length = data[1] & 0x7f, places;
    if (length > 125 || size < length + 6) return 0;
    for (int i = 0; i < length; i++) text[i] = (char)(data[6 + i] ^ data[2 + (i & 3)]);
    const char *at = text, *end = text + length;
    at = coordinate(expect(at, end, "{\"type\":\"player_move\",\"x\":"), end, x);
    at = coordinate(expect(at, end, ",\"y\":"), end, y);
    at = expect(at, end, ",\"direction\":\"");
    const char *after = NULL;
    for (int8_t i = 0; i < 4 && after == NULL; i++) after = expect(at, end, NAMES[i]), *direction = i;
    at = decimal(expect(after, end, ",\"seq\":"), end, number, &places);
    if (at == NULL || places || expect(at, end, "}") != end) return 0;
    return length + 6;
}

/* Puts what one socket has brought behind the `found` that there are; returns how many there are then. */
static int32_t sort_out(intake *in, int32_t wire, int32_t found, int64_t start, int64_t size) {
    const unsigned char *data = (unsigned char *)in->bytes + start;
    int64_t done = 0;
    for (int steps = 0; steps < STEPS && !in->amid[wire]; steps++) {
        int32_t taken = step_in(data + done, size - done, &in->xs[found], &in->ys[found], &in->kinds[found],
                                &in->numbers[found]);
        if (taken == 0) break;
        in->wires[found++] = wire;
        done += taken;
    }
    if (done < size) {
        in->wires[found] = wire, in->kinds[found] = FOUND_BYTES;
        in->numbers[found] = start + done, in->sizes[found++] = (int32_t)(size - done);
    }
    return found;
}

/* Reads what has come. Returns how much was found; that is valid until the next call. */
static int32_t intake_read(intake *in) {
    struct epoll_event events[AT_ONCE];
    int ready = epoll_wait(in->epoll, events, AT_ONCE, 0);
    int32_t found = 0;
    int64_t kept = 0;
    in->more = ready == AT_ONCE;
    for (int i = 0; i < ready; i++) {
        int32_t wire = (int32_t)(uint32_t)events[i].data.u64;
        if (kept + READ_BYTES > BYTES_ROOM) {
            in->more = 1;
            break;
        }
        ssize_t size = recv((int)(events[i].data.u64 >> 32), in->bytes + kept, READ_BYTES, MSG_DONTWAIT);
        if (size > 0) {
            found = sort_out(in, wire, found, kept, size);
            if (in->kinds[found - 1] == FOUND_BYTES) kept += size;
            in->more |= size == READ_BYTES;
        } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
            in->wires[found] = wire, in->kinds[found++] = FOUND_END;
        }
    }
    return found;
}
