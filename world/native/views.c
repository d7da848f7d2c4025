/* What a tick tells those who only have to be told of steps: one frame a view, made here and written to all who
 * share it.
 *
 * A view is a cell of the map and the eight around it (`world.space.interest`). Who moved is put into words once,
 * in the order of cells; a frame is the words of nine cells. Everybody to whom there is more to tell is told by
 * `world.running.live`, which asks for the same words (`views_part`). Memory that cannot be had: -1.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static const char HEAD[] = "{\"type\":\"players\",\"moved\":[", TAIL[] = "]}";
static const char *const DIRECTIONS[] = {"\"up\"]", "\"down\"]", "\"left\"]", "\"right\"]"};
/* `FRAME_START`: where the words of a frame begin, behind a WebSocket's head of up to 10 bytes and HEAD. */
enum { FRAME_START = 10 + sizeof HEAD, NUMBER_CHARS = 24, DIRECTION_CHARS = 8 };

typedef struct {
    char *name;      /* how their element begins: ["id", */
    int32_t length;  /* of `name` */
    int32_t wire;    /* their socket: an index of `fds`; -1: none that may be written to here */
    int32_t watches; /* the cell they look from, an index of `cells`; -1: none */
    int32_t place;   /* among those who watch it */
    int32_t exempt;  /* the tick in which others tell them */
} viewer;

typedef struct {
    int32_t x, y;
    int32_t watching, room; /* how many look from here, and how many there is memory for */
    int32_t *watchers;      /* their numbers */
    int64_t from, to;       /* this tick's words in `words` */
    int32_t instead_tick;   /* in this tick those who look from here are told another frame: */
    const char *instead;
    int64_t instead_size;
} cell;

typedef struct views {
    viewer *people;
    int32_t people_room;
    int32_t tick; /* counts them, from 1 */
    cell *cells; /* never given back: a map has a bounded number of them */
    int32_t count, cell_room;
    int32_t *index; /* hash of (x, y): 1 + an index of `cells`, 0: free */
    uint32_t mask;
    char *words, *frame;
    int64_t words_room, frame_room;
} views;

static views *views_new(void) { return calloc(1, sizeof(views)); }

static void views_free(views *v) {
    if (v == NULL) return;
    for (int32_t i = 0; i < v->people_room; i++) free(v->people[i].name);
    for (int32_t i = 0; i < v->count; i++) free(v->cells[i].watchers);
    free(v->people), free(v->cells), free(v->index), free(v->words), free(v->frame);
    free(v);
}

/* Memory for `needed` items of `size` at the pointer that `items` points to; `room`: for how many there is some. */
static int reserve(void *items, int64_t *room, int64_t needed, size_t size) {
    if (needed <= *room) return 0;
    int64_t wanted = *room ? *room : 64;
    while (wanted < needed) wanted *= 2;
    void *found;
    memcpy(&found, items, sizeof found);
    found = realloc(found, (size_t)wanted * size);
    if (found == NULL) return -1;
    memcpy(items, &found, sizeof found);
    *room = wanted;
    return 0;
}

static int reserve32(void *items, int32_t *room, int32_t needed, size_t size) {
    int64_t wide = *room;
    int done = reserve(items, &wide, needed, size);
    *room = (int32_t)wide;
    return done;
}

static int32_t *slot_of(const views *v, int32_t x, int32_t y) {
    uint32_t at = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u;
    for (;; at++) {
        int32_t *slot = &v->index[at & v->mask];
        if (*slot == 0 || (v->cells[*slot - 1].x == x && v->cells[*slot - 1].y == y)) return slot;
    }
}

static cell *find(const views *v, int32_t x, int32_t y) {
    if (v->index == NULL) return NULL;
    int32_t found = *slot_of(v, x, y);
    return found ? &v->cells[found - 1] : NULL;
}

/* The cell's index, made where it is new; -1: no memory. */
static int32_t cell_at(views *v, int32_t x, int32_t y) {
    const cell *known = find(v, x, y);
    if (known != NULL) return (int32_t)(known - v->cells);
    if (v->index == NULL || (uint32_t)v->count * 2 > v->mask) {
        uint32_t size = v->index == NULL ? 128 : 2 * (v->mask + 1);
        int32_t *index = calloc(size, sizeof *index);
        if (index == NULL) return -1;
        free(v->index);
        v->index = index, v->mask = size - 1;
        for (int32_t i = 0; i < v->count; i++) *slot_of(v, v->cells[i].x, v->cells[i].y) = i + 1;
    }
    if (reserve32(&v->cells, &v->cell_room, v->count + 1, sizeof(cell)) < 0) return -1;
    v->cells[v->count] = (cell){.x = x, .y = y};
    *slot_of(v, x, y) = ++v->count;
    return v->count - 1;
}

/* Somebody with this number is told of from now on; `name` is how their element begins. */
static int views_add(views *v, int32_t number, const char *name, int32_t length) {
    int32_t before = v->people_room;
    if (reserve32(&v->people, &v->people_room, number + 1, sizeof(viewer)) < 0) return -1;
    for (int32_t i = before; i < v->people_room; i++) v->people[i] = (viewer){NULL, 0, -1, -1, 0, 0};
    char *copy = malloc((size_t)length);
    if (copy == NULL) return -1;
    free(v->people[number].name);
    v->people[number] = (viewer){memcpy(copy, name, (size_t)length), length, -1, -1, 0, 0};
    return 0;
}

/* Where they can be written to; -1: nowhere. */
static void views_wire(views *v, int32_t number, int32_t wire) { v->people[number].wire = wire; }

static void views_unwatch(views *v, int32_t number) {
    viewer *who = &v->people[number];
    if (who->watches < 0) return;
    cell *from = &v->cells[who->watches];
    int32_t last = from->watchers[--from->watching];
    from->watchers[who->place] = last;
    v->people[last].place = who->place;
    who->watches = -1;
}

/* They look from this cell, and from no other. */
static int views_watch(views *v, int32_t number, int32_t x, int32_t y) {
    int32_t at = cell_at(v, x, y);
    if (at < 0 || reserve32(&v->cells[at].watchers, &v->cells[at].room, v->cells[at].watching + 1, 4) < 0) return -1;
    views_unwatch(v, number);
    v->people[number].watches = at;
    v->people[number].place = v->cells[at].watching;
    v->cells[at].watchers[v->cells[at].watching++] = number;
    return 0;
}

/* A coordinate as JSON, to a hundredth: what msgspec makes of int(at * 100 + 0.5) / 100. */
static char *put_number(char *to, double at) {
    int64_t hundredths = (int64_t)(at * 100.0 + 0.5), whole = hundredths / 100, part = hundredths % 100;
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + whole % 10);
    while ((whole /= 10) > 0);
    while (count > 0) *to++ = digits[--count];
    *to++ = '.';
    *to++ = (char)('0' + part / 10);
    if (part % 10) *to++ = (char)('0' + part % 10);
    return to;
}

/* A tick begins: `groups` cells with the next `sizes` of the people in each, who stand at `xy`. */
static int views_moved(views *v, int32_t groups, const int32_t *cells, const int32_t *sizes, const int32_t *numbers,
                       const double *xy, const int8_t *directions) {
    int64_t end = 0;
    v->tick = v->tick < INT32_MAX ? v->tick + 1 : 1;
    for (int32_t i = 0; i < v->count; i++) v->cells[i].from = v->cells[i].to = 0;
    for (int32_t g = 0, n = 0; g < groups; g++) {
        int32_t at = cell_at(v, cells[2 * g], cells[2 * g + 1]);
        if (at < 0) return -1;
        v->cells[at].from = end;
        for (int32_t last = n + sizes[g]; n < last; n++) {
            const viewer *who = &v->people[numbers[n]];
            int64_t most = end + who->length + 2 * NUMBER_CHARS + DIRECTION_CHARS;
            if (reserve(&v->words, &v->words_room, most, 1) < 0) return -1;
            char *to = v->words + end;
            if (end > v->cells[at].from) *to++ = ',';
            memcpy(to, who->name, (size_t)who->length);
            to = put_number(to + who->length, xy[2 * n]);
            *to++ = ',';
            to = put_number(to, xy[2 * n + 1]);
            *to++ = ',';
            const char *direction = DIRECTIONS[directions[n]];
            size_t length = strlen(direction);
            memcpy(to, direction, length);
            end = to + length - v->words;
        }
        v->cells[at].to = end;
    }
    /* All words and a comma between every two of nine cells: no view's frame takes more, so none that is told has
     * to stop for want of memory when others have been told, some of them the half of a frame. */
    return reserve(&v->frame, &v->frame_room, FRAME_START + end + 8 + (int64_t)sizeof TAIL, 1);
}

/* The words of a cell and the eight around it, at `part` with room for a head before and a tail after them. Only
 * after `views_moved`. */
static int64_t views_part(views *v, int32_t x, int32_t y, char **part) {
    char *start = v->frame + FRAME_START;
    int64_t length = 0;
    for (int dx = -1; dx <= 1; dx++)
        for (int dy = -1; dy <= 1; dy++) {
            const cell *near = find(v, x + dx, y + dy);
            if (near == NULL || near->from == near->to) continue;
            int64_t size = near->to - near->from;
            if (length) start[length++] = ',';
            memcpy(start + length, v->words + near->from, (size_t)size);
            length += size;
        }
    *part = start;
    return length;
}

/* What `views_part` has put there as a whole WebSocket frame (RFC 6455 §5.2): its length, and where it begins. */
static int64_t close_frame(char *part, int64_t length, char **frame) {
    memcpy(part + length, TAIL, sizeof TAIL - 1);
    char *begin = part - (sizeof HEAD - 1);
    memcpy(begin, HEAD, sizeof HEAD - 1);
    int64_t payload = length + (int64_t)(sizeof HEAD + sizeof TAIL - 2);
    int bytes = payload < 126 ? 0 : payload < 1 << 16 ? 2 : 8;
    for (int i = 0; i < bytes; i++) *--begin = (char)(payload >> 8 * i);
    *--begin = (char)(bytes == 0 ? payload : bytes == 2 ? 126 : 127);
    *--begin = (char)0x81;
    *frame = begin;
    return part + length + (int64_t)sizeof TAIL - 1 - begin;
}

/* Those who look from this cell are told this by the next `views_send`, which it has to outlive. */
static void views_instead(views *v, int32_t x, int32_t y, const char *frame, int64_t size) {
    cell *at = find(v, x, y);
    if (at != NULL) at->instead = frame, at->instead_size = size, at->instead_tick = v->tick;
}

/* This one is told nothing by the next `views_send`. */
static void views_exempt(views *v, int32_t number) { v->people[number].exempt = v->tick; }

/* Tell everybody. Returns how many people have not got all of it, with their number and how many bytes each has
 * got in `late` (room for two of each person). Only after `views_moved`. */
static int32_t views_send(views *v, const int32_t *fds, int32_t *late) {
    int32_t missed = 0;
    for (int32_t i = 0; i < v->count; i++) {
        const cell *at = &v->cells[i];
        const char *frame = at->instead;
        int64_t size = at->instead_size;
        if (!at->watching) continue;
        if (at->instead_tick != v->tick) {
            char *part;
            int64_t length = views_part(v, at->x, at->y, &part);
            if (length == 0) continue;
            size = close_frame(part, length, &part);
            frame = part;
        }
        for (int32_t j = 0; j < at->watching; j++) {
            const viewer *who = &v->people[at->watchers[j]];
            if (who->exempt == v->tick) continue;
            int fd = who->wire < 0 ? -1 : fds[who->wire];
            ssize_t sent = fd < 0 ? 0 : send(fd, frame, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent == (ssize_t)size) continue;
            late[2 * missed] = at->watchers[j];
            late[2 * missed++ + 1] = sent > 0 ? (int32_t)sent : 0;
        }
    }
    return missed;
}
