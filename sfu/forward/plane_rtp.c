/* RTP in C: numbers, header, extensions, keyframes. Pure: bytes in, fields out, nothing of the plane.
 *
 * A stranger writes the bytes. `locate_header` and `locate_end` check every length once, against the end of the packet;
 * what they say lies inside. A payload that is too short or contradicts itself is no keyframe. */

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }
static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
static void put16(uint8_t *at, uint16_t value) { at[0] = (uint8_t)(value >> 8); at[1] = (uint8_t)value; }
static void put32(uint8_t *at, uint32_t value)
{
    put16(at, (uint16_t)(value >> 16));
    put16(at + 2, (uint16_t)value);
}

/* The extended number nearest to `reference` whose low 16 bits are `number`. */
static int64_t near_16(uint16_t number, int64_t reference)
{
    return reference + (int64_t)(((uint64_t)number - (uint64_t)reference + 0x8000) & 0xFFFF) - 0x8000;
}

/* An RTP packet, its parts checked: they lie between `data` and `data + end`. */
struct incoming {
    const uint8_t *data;
    int payload, end;
    int extension, profile;      /* the elements' offset (0: none), and how they are written */
    uint16_t number;
    uint32_t timestamp, ssrc;
    uint8_t marker, payload_type;
};

/* Find the parts of a packet's header, readable also while it is protected (RFC 3550 §5.1); false when one of them lies
 * outside. */
static bool locate_header(struct incoming *in, const uint8_t *data, int length)
{
    if (length < FIXED_HEADER)
        return false;
    *in = (struct incoming){.data = data, .payload = FIXED_HEADER + 4 * (data[0] & 0x0F), .end = length,
                            .number = get16(data + 2), .timestamp = get32(data + 4), .ssrc = get32(data + 8),
                            .marker = data[1] & 0x80, .payload_type = data[1] & 0x7F};
    if (data[0] & 0x10) {
        in->payload += 4;
        if (in->payload > length)
            return false;
        in->extension = in->payload;
        in->profile = get16(data + in->payload - 4);
        in->payload += 4 * get16(data + in->payload - 2);
    }
    return in->payload <= length;
}

/* The payload of an unprotected packet of `length` bytes ends before its padding; false when there is none inside. */
static bool locate_end(struct incoming *in, int length)
{
    in->end = length;
    if (!(in->data[0] & 0x20))
        return true;
    int padding = in->payload < length ? in->data[length - 1] : 0;
    in->end -= padding;
    return padding && in->end >= in->payload;
}

/* Walk the extension elements (RFC 8285): both forms. False when one of them leaves the block. `values` gets
 * one-byte values by id where `wanted` has the id; `loudest` the least of those of the first id. */
static bool read_elements(const struct incoming *in, const int wanted[2], int16_t values[2], int *loudest)
{
    bool one_byte = in->profile == 0xBEDE;
    if (!in->extension || (!one_byte && (in->profile & 0xFFF0) != 0x1000))
        return true;
    const uint8_t *d = in->data;
    for (int at = in->extension; at < in->payload;) {
        int id = d[at++], size;
        if (id == 0)
            continue;            /* padding */
        if (one_byte) {
            size = (id & 0x0F) + 1;
            id >>= 4;
            if (id == 15)
                return true;     /* §4.2: stop here, keep what came before */
        } else {
            if (at >= in->payload)
                return false;
            size = d[at++];
        }
        if (at + size > in->payload)
            return false;
        for (int i = 0; i < 2; i++)
            if (size == 1 && id == wanted[i]) {
                values[i] = d[at];
                if (i == 0 && (d[at] & 0x7F) < *loudest)
                    *loudest = d[at] & 0x7F;
            }
        at += size;
    }
    return true;
}

/* The two-byte element with this id, -1 where there is none. Only behind `read_elements`: all lie inside. */
static int32_t transport_number(const struct incoming *in, int wanted)
{
    bool one_byte = in->profile == 0xBEDE;
    if (!in->extension || (!one_byte && (in->profile & 0xFFF0) != 0x1000))
        return -1;
    const uint8_t *d = in->data;
    for (int at = in->extension; at < in->payload;) {
        int id = d[at++], size;
        if (id == 0)
            continue;
        if (one_byte) {
            size = (id & 0x0F) + 1;
            id >>= 4;
            if (id == 15)
                return -1;
        } else {
            size = d[at++];
        }
        if (size == 2 && id == wanted)
            return get16(d + at);
        at += size;
    }
    return -1;
}

/* A payload of redundant audio (RFC 2198 §3): earlier payloads, the oldest first, and the newest. */
struct redundant {
    struct { const uint8_t *payload; uint16_t length, ticks; uint8_t type; } earlier[PLANE_MAX_RED_BLOCKS];
    int count;
    const uint8_t *payload;      /* the newest */
    int length;
    uint8_t type;
};

/* Take it apart; false when it contradicts itself, or has more parts than anybody sends. */
static bool read_redundant(struct redundant *found, const uint8_t *d, int length)
{
    int at = 0, bytes = 0;
    found->count = 0;
    for (; at < length && d[at] & 0x80; at += 4) {
        if (at + 4 > length || found->count == PLANE_MAX_RED_BLOCKS)
            return false;
        int i = found->count++;
        found->earlier[i].type = d[at] & 0x7F;
        found->earlier[i].ticks = get16(d + at + 1) >> 2;
        found->earlier[i].length = get16(d + at + 2) & 0x3FF;
        bytes += found->earlier[i].length;
    }
    if (at + 1 + bytes > length)
        return false;
    found->type = d[at++];
    for (int i = 0; i < found->count; i++) {
        found->earlier[i].payload = d + at;
        at += found->earlier[i].length;
    }
    found->payload = d + at;
    found->length = length - at;
    return true;
}

/* Write what stands in front of the newest payload: an earlier one of the same format. Returns its bytes. */
static int put_earlier(uint8_t *out, int type, uint32_t ticks, const uint8_t *payload, int length)
{
    put32(out, 1u << 31 | (uint32_t)type << 24 | ticks << 10 | (uint32_t)length);
    out[4] = (uint8_t)type;
    memcpy(out + RED_HEAD, payload, (size_t)length);
    return RED_HEAD + length;
}

/* What a VP8 descriptor says (RFC 7741 §4.2). One that is cut short says nothing. */
static struct picture read_picture(const uint8_t *d, int length)
{
    struct picture found = {.layer = -1}, nothing = found;
    if (length < 2 || !(d[0] & 0x80))
        return nothing;
    uint8_t fields = d[1];
    int at = 2;
    if (fields & 0x80) {         /* PictureID of 7 or 15 bits */
        if (at >= length)
            return nothing;
        found.id_at = (uint8_t)at;
        at += d[at] & 0x80 ? 2 : 1;
    }
    if (fields & 0x40)
        found.tl0_at = (uint8_t)at++;
    if (fields & 0x30)
        found.key_at = (uint8_t)at++; /* one byte for the layer and KEYIDX */
    if (at > length)
        return nothing;
    if (fields & 0x20) {
        found.layer = (int8_t)(d[found.key_at] >> 6);
        found.sync = d[found.key_at] & 0x20;
    }
    if (!(fields & 0x10))
        found.key_at = 0;
    return found;
}

static uint16_t picture_id(const uint8_t *d, const struct picture *at)
{
    return d[at->id_at] & 0x80 ? get16(d + at->id_at) & 0x7FFF : d[at->id_at];
}

static void shift_picture(uint8_t *d, const struct picture *at, const struct shift *by)
{
    if (at->id_at) {
        uint16_t id = (uint16_t)(picture_id(d, at) + by->id);
        if (d[at->id_at] & 0x80)
            put16(d + at->id_at, id | 0x8000);
        else
            d[at->id_at] = id & 0x7F;
    }
    if (at->tl0_at)
        d[at->tl0_at] = (uint8_t)(d[at->tl0_at] + by->tl0);
    if (at->key_at)
        d[at->key_at] = (uint8_t)((d[at->key_at] & 0xE0) | ((d[at->key_at] + by->key) & 0x1F));
}

static bool vp8_keyframe(const uint8_t *d, int length) /* RFC 7741 §4.2, §4.3 */
{
    if (length < 1 || (d[0] & 0x17) != 0x10) /* start of partition 0 */
        return false;
    int at = 1;
    if (d[0] & 0x80) {
        if (length < 2)
            return false;
        uint8_t fields = d[1];
        at = 2;
        if (fields & 0x80) {     /* PictureID of 7 or 15 bits */
            if (length <= at)
                return false;
            at += d[at] & 0x80 ? 2 : 1;
        }
        at += (fields & 0x40 ? 1 : 0) + (fields & 0x30 ? 1 : 0);
    }
    return length > at && !(d[at] & 1);
}

static bool vp9_keyframe(const uint8_t *d, int length) /* RFC 9628 §4.2 */
{
    if (length < 1 || (d[0] & 0x48) != 0x08) /* begins a frame, not predicted from another */
        return false;
    if (!(d[0] & 0x20))
        return true;
    int at = 1;
    if (d[0] & 0x80) {
        if (length < 2)
            return false;
        at += d[1] & 0x80 ? 2 : 1;
    }
    return length > at && !(d[at] & 0x0E); /* lowest spatial layer */
}

static bool h264_start(uint8_t unit) { return (unit & 0x1F) == 5 || (unit & 0x1F) == 7; } /* IDR, SPS */

static bool h264_keyframe(const uint8_t *d, int length) /* RFC 6184 §5 */
{
    if (length < 1)
        return false;
    if ((d[0] & 0x1F) == 24) {   /* STAP-A */
        for (int at = 1; at + 2 < length; at += 2 + get16(d + at))
            if (h264_start(d[at + 2]))
                return true;
        return false;
    }
    if ((d[0] & 0x1F) == 28)     /* FU-A */
        return length > 1 && d[1] >= 0x80 && h264_start(d[1]);
    return h264_start(d[0]);
}

/* May a decoder join here? */
static bool is_keyframe(int codec, const uint8_t *payload, int length)
{
    switch (codec) {
    case CODEC_VP8: return vp8_keyframe(payload, length);
    case CODEC_VP9: return vp9_keyframe(payload, length);
    case CODEC_H264: return h264_keyframe(payload, length);
    case CODEC_AV1: return length > 0 && (payload[0] & 0x88) == 0x08; /* N without Z */
    default: return true;        /* audio: every packet can be the first */
    }
}
