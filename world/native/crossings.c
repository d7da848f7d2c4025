/* Which pairs of people have come nearer to each other, or gone further away, than one of the rule's limits.
 *
 * Nothing is decided here: `world.hearing.audibility` looks at the pairs that are named and at no others. What
 * makes it fast is that everybody's place lies in one short array instead of in hundreds of objects.
 * Memory that cannot be had ends a call with -1 and changes nothing that is known of anybody.
 */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

enum { LIMITS = 4 };
/* px between two looks; who walks makes 20 in a tick. */
#define LEAP 105.0

typedef struct {
    double x, y;         /* now, px */
    double was_x, was_y; /* at the last look; NAN: not looked at yet */
    int32_t next;        /* the next one in the same bucket of squares, -1: none */
    int32_t here;
} person;

typedef struct crossings {
    double limit[LIMITS]; /* squared px, rising */
    double square;        /* side of a square, px */
    person *people;       /* by number */
    int32_t room;         /* how many there is memory for */
    int32_t used;         /* numbers from here on were never here */
    int32_t *bucket;      /* by hash of a square: its first person */
    uint32_t mask;        /* number of buckets - 1 */
    int32_t *pairs;       /* the answer of the last look */
    int64_t found, pair_room;
} crossings;

static void crossings_free(crossings *c) {
    if (c != NULL) {
        free(c->people);
        free(c->bucket);
        free(c->pairs);
        free(c);
    }
}

/* `limits`: LIMITS distances in px, rising. */
static crossings *crossings_new(const double *limits) {
    crossings *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    for (int i = 0; i < LIMITS; i++) c->limit[i] = limits[i] * limits[i];
    /* Two who were within the widest limit and neither of whom has leapt are still in neighbouring squares. */
    c->square = limits[LIMITS - 1] + 2 * LEAP;
    return c;
}

/* Memory for the numbers below `count`, and as many buckets at least. */
static int grow(crossings *c, int32_t count) {
    if (count <= c->room) return 0;
    int32_t room = c->room ? c->room : 64;
    while (room < count) room *= 2;
    int32_t *bucket = malloc(sizeof(int32_t) * (size_t)room);
    person *people = realloc(c->people, sizeof(person) * (size_t)room);
    if (people != NULL) c->people = people;
    if (bucket == NULL || people == NULL) {
        free(bucket);
        return -1;
    }
    free(c->bucket);
    c->bucket = bucket;
    c->mask = (uint32_t)room - 1;
    c->room = room;
    return 0;
}

/* Somebody new, whom the next look has to name (as one of its `who`). */
static int crossings_add(crossings *c, int32_t number) {
    if (grow(c, number + 1) < 0) return -1;
    for (; c->used <= number; c->used++) c->people[c->used].here = 0;
    c->people[number] = (person){NAN, NAN, NAN, NAN, -1, 1};
    return 0;
}

static void crossings_remove(crossings *c, int32_t number) { c->people[number].here = 0; }

static uint32_t bucket_of(const crossings *c, double column, double row) {
    return ((uint32_t)(int32_t)column * 73856093u ^ (uint32_t)(int32_t)row * 19349663u) & c->mask;
}

/* How many limits a squared distance is at or beyond; unknown is beyond all. */
static int band(const crossings *c, double squared) {
    int beyond = 0;
    for (int i = 0; i < LIMITS; i++) beyond += !(squared < c->limit[i]);
    return beyond;
}

static int note(crossings *c, int32_t a, int32_t b) {
    if (c->found == c->pair_room) {
        int64_t room = c->pair_room ? c->pair_room * 2 : 256;
        int32_t *pairs = realloc(c->pairs, sizeof(int32_t) * 2 * (size_t)room);
        if (pairs == NULL) return -1;
        c->pairs = pairs;
        c->pair_room = room;
    }
    c->pairs[2 * c->found] = a;
    c->pairs[2 * c->found++ + 1] = b;
    return 0;
}

/* The pairs of one who moved; with itself: it has leapt, and any of its old neighbours may be far. */
static int look_at(crossings *c, int32_t number) {
    const person *me = &c->people[number];
    double sx = me->x - me->was_x, sy = me->y - me->was_y;
    if (sx * sx + sy * sy > LEAP * LEAP && note(c, number, number) < 0) return -1;
    double column = floor(me->x / c->square), row = floor(me->y / c->square);
    uint32_t seen[9];
    int looked = 0;
    for (int i = 0; i < 9; i++) {
        uint32_t at = bucket_of(c, column + i % 3 - 1, row + i / 3 - 1);
        int again = 0; /* two squares may share a bucket */
        for (int j = 0; j < looked; j++) again |= seen[j] == at;
        if (again) continue;
        seen[looked++] = at;
        for (int32_t other = c->bucket[at]; other >= 0; other = c->people[other].next) {
            const person *them = &c->people[other];
            double dx = them->x - me->x, dy = them->y - me->y;
            int now = band(c, dx * dx + dy * dy);
            dx = them->was_x - me->was_x, dy = them->was_y - me->was_y;
            if (other != number && now != band(c, dx * dx + dy * dy) && note(c, number, other) < 0) return -1;
        }
    }
    return 0;
}

/* `who` (each has been added) are at `xy` now. Returns how many pairs there are in `c->pairs` to look at, those
 * of two who both moved twice, or -1: then nobody is where they were not, and the same has to be asked again. */
static int64_t crossings_look(crossings *c, int32_t count, const int32_t *who, const double *xy) {
    for (int32_t i = 0; i < count; i++) {
        c->people[who[i]].x = xy[2 * i];
        c->people[who[i]].y = xy[2 * i + 1];
    }
    for (int32_t i = 0; i < c->room; i++) c->bucket[i] = -1;
    for (int32_t i = 0; i < c->used; i++) {
        person *p = &c->people[i];
        if (!p->here) continue;
        int32_t *bucket = &c->bucket[bucket_of(c, floor(p->x / c->square), floor(p->y / c->square))];
        p->next = *bucket;
        *bucket = i;
    }
    c->found = 0;
    for (int32_t i = 0; i < count; i++)
        if (look_at(c, who[i]) < 0) return -1;
    for (int32_t i = 0; i < count; i++) {
        person *p = &c->people[who[i]];
        p->was_x = p->x, p->was_y = p->y;
    }
    return c->found;
}
