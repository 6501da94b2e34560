/* Mutating valid input, the same way in every run: what the fuzz tests share.
 *
 * A mutation is one row of a table below; an input gets one to four of them. */
#ifndef HONE_TESTS_MUTATE_H
#define HONE_TESTS_MUTATE_H

#include <stdint.h>
#include <string.h>

typedef struct mutator {
    uint64_t state;           /* the seed */
    const char *const *words; /* of the format; what is inserted and what replaces */
    int word_count;
} mutator;

#define MUTATOR(seed, words)                                                                                 \
    { (seed), (words), (int)(sizeof(words) / sizeof(words)[0]) }

/* splitmix64, uniform enough below `bound`, which is at least 1. */
static inline size_t mutator_draw(mutator *m, size_t bound) {
    uint64_t z = m->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (size_t)((z ^ z >> 31) % bound);
}

static inline const char *mutator_word(mutator *m) {
    return m->words[mutator_draw(m, (size_t)m->word_count)];
}

/* Replaces `removed` bytes at `at` by `length` others, as far as there is room. */
static inline size_t mutate_replace(unsigned char *bytes, size_t size, size_t room, size_t at, size_t removed,
                                    const void *with, size_t length) {
    if (size - removed + length > room)
        return size;
    memmove(bytes + at + length, bytes + at + removed, size - at - removed);
    memcpy(bytes + at, with, length);
    return size - removed + length;
}

/* All take a size of 1 or more and return the new one. */
typedef size_t (*mutation)(mutator *m, unsigned char *bytes, size_t size, size_t room);

static inline size_t mutate_flip(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    (void)room;
    bytes[mutator_draw(m, size)] ^= (unsigned char)(1u << mutator_draw(m, 8));
    return size;
}

static inline size_t mutate_set(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    static const unsigned char telling[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '"', '\'', '0', '9', '-', '/'};
    (void)room;
    bytes[mutator_draw(m, size)] = telling[mutator_draw(m, sizeof telling)];
    return size;
}

static inline size_t mutate_truncate(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    (void)bytes;
    (void)room;
    return 1 + mutator_draw(m, size);
}

static inline size_t mutate_remove(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    size_t at = mutator_draw(m, size), length = mutator_draw(m, size - at < 40 ? size - at : 40);
    return mutate_replace(bytes, size, room, at, length, "", 0);
}

/* A piece of the input once more, elsewhere. */
static inline size_t mutate_splice(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    unsigned char piece[64];
    size_t from = mutator_draw(m, size), left = size - from;
    size_t length = 1 + mutator_draw(m, left < sizeof piece ? left : sizeof piece);
    memcpy(piece, bytes + from, length);
    return mutate_replace(bytes, size, room, mutator_draw(m, size), 0, piece, length);
}

static inline size_t mutate_insert(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    const char *word = mutator_word(m);
    return mutate_replace(bytes, size, room, mutator_draw(m, size + 1), 0, word, strlen(word));
}

/* A word in the place of one of the input's own: letters, digits and what numbers are made of. */
static inline size_t mutate_word(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-";
    size_t at = mutator_draw(m, size), end;
    while (at > 0 && memchr(letters, bytes[at - 1], sizeof letters - 1))
        at--;
    for (end = at; end < size && memchr(letters, bytes[end], sizeof letters - 1);)
        end++;
    const char *word = mutator_word(m);
    return mutate_replace(bytes, size, room, at, end - at, word, strlen(word));
}

static const mutation mutations[] = {mutate_flip,   mutate_set,    mutate_truncate, mutate_remove,
                                     mutate_splice, mutate_insert, mutate_word,     mutate_word};

/* Mutates `size` >= 1 bytes in `room`; the size is never 0 afterwards. */
static inline size_t mutate(mutator *m, unsigned char *bytes, size_t size, size_t room) {
    for (size_t times = 1 + mutator_draw(m, 4); times > 0; times--) {
        mutation change = mutations[mutator_draw(m, sizeof mutations / sizeof mutations[0])];
        size_t changed = change(m, bytes, size, room);
        size = changed > 0 ? changed : size;
    }
    return size;
}

/* The same of a text of less than `room` bytes. */
static inline void mutate_text(mutator *m, char *text, size_t room) {
    size_t size = mutate(m, (unsigned char *)text, strlen(text), room - 1);
    text[size] = '\0';
}

#endif
