/* Browsers that read everything, acknowledge every frame, and measure what reaches them.
 *
 * usage: load PORT PROTOCOL PLAN
 *
 * PLAN has one line for each session, in three columns parted by tabs: the path, more request headers (parted by `|`),
 * and the first message (may be empty). Answers commands, one a line: `open N` (so many more sessions), `mouse R`
 * (each sends R pointer instructions a second), `stall N` (so many stop reading), `mark` (prints counters as JSON and
 * begins new samples of the time from a frame's writing to its reading), `quit`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SESSIONS = 4096, MOST_OPENING = 20, ANSWER = 4096, MOST_SAMPLES = 1 << 21, READ = 1 << 18 };
enum { SYNC = 24, STAMP = 21 }; /* bytes of `4.sync,13.…;` and of `5.shade,1.1,6.…;` */
enum stage { DIALLING, ASKED, OPEN };

struct session {
    int fd;
    enum stage stage;
    bool is_shown, has_stamp;
    unsigned stamp_us, slot, header_have, opcode;
    size_t have;
    uint64_t body_left;
    unsigned char header[10];
    char last;
    char answer[ANSWER];
    const char *path, *headers, *first;
};

static struct session *sessions[MAX_SESSIONS];
static unsigned planned, begun, opening, wanted, opened, shown, lost, mouse_period_ms;
static int epoll_fd, port, data_opcode;
static const char *protocol;
static uint64_t payload_bytes, messages, cut_messages, read_frames, sent_instructions;
static uint32_t *samples;
static size_t sample_count;
static char buffer[READ];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void read_plan(const char *path) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t got;
    if (!file) fail(path);
    while ((got = getline(&line, &size, file)) > 0 && planned < MAX_SESSIONS) {
        if (line[got - 1] == '\n') line[got - 1] = 0;
        char *kept = strdup(line), *rest = kept;
        struct session *session = calloc(1, sizeof *session);
        if (!kept || !session) fail("memory");
        session->fd = -1;
        session->path = strsep(&rest, "\t");
        session->headers = rest ? strsep(&rest, "\t") : "";
        session->first = rest ? rest : "";
        session->slot = (unsigned)rand();
        sessions[planned++] = session;
    }
    free(line);
    fclose(file);
}

static void watch(struct session *session, uint32_t events, int how) {
    struct epoll_event event = {events, {.ptr = session}};
    if (epoll_ctl(epoll_fd, how, session->fd, &event) < 0) fail("epoll_ctl");
}

static void drop(struct session *session) {
    if (session->stage != OPEN) opening--;
    else opened--;
    close(session->fd);
    session->fd = -1;
    lost++;
}

static void dial(struct session *session) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (session->fd < 0) fail("socket");
    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(session->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
    opening++;
    watch(session, EPOLLOUT, EPOLL_CTL_ADD);
}

static void dial_more(void) {
    while (begun < wanted && opening < MOST_OPENING) dial(sessions[begun++]);
}

static void ask(struct session *session) {
    char request[8192];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: %s\r\n", session->path, port, protocol);
    for (const char *at = session->headers; *at; size++) {
        const char *end = strchrnul(at, '|');
        size += snprintf(request + size, sizeof request - (size_t)size, "%.*s\r", (int)(end - at), at);
        request[size] = '\n';
        at = *end ? end + 1 : end;
    }
    size += snprintf(request + size, sizeof request - (size_t)size, "\r\n");
    if (send(session->fd, request, (size_t)size, MSG_NOSIGNAL) != size) {
        drop(session);
        return;
    }
    session->stage = ASKED;
    watch(session, EPOLLIN, EPOLL_CTL_MOD);
}

/* One masked message (RFC 6455, section 5.3). A mask of zeros is a mask. */
static void say(struct session *session, int opcode, const char *text, size_t size) {
    unsigned char frame[256] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | size)};
    size_t head = 6;
    if (size > 125) {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
        head = 8;
    }
    if (size + head > sizeof frame) fail("too long a message");
    memcpy(frame + head, text, size);
    if (send(session->fd, frame, head + size, MSG_NOSIGNAL) > 0 && opcode != 10) sent_instructions++;
}

static void take_sample(struct session *session) {
    if (!session->has_stamp) return;
    unsigned now = (unsigned)(now_us() % 1000000);
    if (sample_count < MOST_SAMPLES) samples[sample_count++] = (now + 1000000 - session->stamp_us) % 1000000;
    session->has_stamp = false;
}

static void take_stamp(struct session *session, const char *at) {
    session->has_stamp = true;
    session->stamp_us = (unsigned)strtoul(at + STAMP - 7, NULL, 10);
}

/* The newest frame in a stretch of one message is acknowledged: it stands near the end if there is one. */
static void take_payload(struct session *session, const char *data, size_t size) {
    payload_bytes += size;
    session->last = data[size - 1];
    if (memmem(data, size < 4096 ? size : 4096, "4.blob,7.9000001", 16)) say(session, data_opcode, "3.ack,7.9000001,2.OK,1.0;", 25);
    if (size >= STAMP && !memcmp(data, "5.shade,1.1,6.", 14)) take_stamp(session, data);
    for (size_t left = size; left >= SYNC;) {
        const char *end = memrchr(data, ';', left);
        if (!end || end - data < SYNC - 1) return;
        const char *at = end - (SYNC - 1);
        if (memcmp(at, "4.sync,13.", 10)) {
            left = (size_t)(end - data);
            continue;
        }
        if (at - data >= STAMP && !memcmp(at - STAMP, "5.shade,1.1,6.", 14)) take_stamp(session, at - STAMP);
        take_sample(session);
        read_frames++;
        if (!session->is_shown) shown++;
        session->is_shown = true;
        say(session, data_opcode, at, SYNC);
        return;
    }
}

static void end_message(struct session *session) {
    if (session->opcode == 1 || session->opcode == 2) {
        messages++;
        cut_messages += session->last != ';';
    }
    if (session->opcode == 9) say(session, 10, "", 0);
}

static void take_frames(struct session *session, const char *data, size_t size) {
    while (size && session->fd >= 0) {
        if (session->body_left) {
            size_t taken = session->body_left < size ? (size_t)session->body_left : size;
            if (session->opcode == 1 || session->opcode == 2) take_payload(session, data, taken);
            session->body_left -= taken;
            data += taken;
            size -= taken;
            if (!session->body_left) end_message(session);
            continue;
        }
        session->header[session->header_have++] = (unsigned char)*data++;
        size--;
        unsigned length = session->header_have > 1 ? session->header[1] & 0x7f : 0, more = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (session->header_have < 2 + more) continue;
        session->opcode = session->header[0] & 15;
        session->body_left = more ? 0 : length;
        for (unsigned i = 0; i < more; i++) session->body_left = session->body_left << 8 | session->header[2 + i];
        session->header_have = 0;
        if (session->opcode == 8) {
            drop(session);
            return;
        }
        if (!session->body_left) end_message(session);
    }
}

static void take_answer(struct session *session) {
    ssize_t got = recv(session->fd, session->answer + session->have, ANSWER - session->have, 0);
    if (got <= 0) {
        drop(session);
        return;
    }
    session->have += (size_t)got;
    char *end = memmem(session->answer, session->have, "\r\n\r\n", 4);
    if (!end) return;
    if (memcmp(session->answer, "HTTP/1.1 101", 12)) {
        drop(session);
        return;
    }
    session->stage = OPEN;
    opening--;
    opened++;
    if (*session->first) say(session, data_opcode, session->first, strlen(session->first));
    size_t behind = session->have - (size_t)(end + 4 - session->answer);
    take_frames(session, end + 4, behind);
    dial_more();
}

static void hear(struct session *session) {
    ssize_t got = recv(session->fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        drop(session);
        return;
    }
    take_frames(session, buffer, (size_t)got);
}

static void tick(uint64_t first_ms, uint64_t last_ms) {
    if (!mouse_period_ms) return;
    for (uint64_t ms = first_ms + 1; ms <= last_ms; ms++) {
        for (unsigned i = 0; i < begun; i++) {
            struct session *session = sessions[i];
            if (session->fd < 0 || session->stage != OPEN || ms % mouse_period_ms != session->slot % mouse_period_ms) continue;
            char text[64];
            int size = sprintf(text, "5.mouse,3.%03u,3.%03u,1.0;", 100 + (unsigned)(ms % 900), 100 + i % 600);
            say(session, data_opcode, text, (size_t)size);
        }
    }
}

static int compare(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

static unsigned quantile(unsigned permille) {
    return sample_count ? samples[(sample_count - 1) * permille / 1000] : 0;
}

static void print_mark(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    qsort(samples, sample_count, sizeof *samples, compare);
    printf("{\"open\": %u, \"shown\": %u, \"lost\": %u, \"payload_bytes\": %llu, \"messages\": %llu, \"cut_messages\": %llu, "
           "\"frames\": %llu, \"sent_instructions\": %llu, \"samples\": %zu, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u, "
           "\"cpu_us\": %llu}\n",
           opened, shown, lost, (unsigned long long)payload_bytes, (unsigned long long)messages,
           (unsigned long long)cut_messages, (unsigned long long)read_frames, (unsigned long long)sent_instructions,
           sample_count, quantile(500), quantile(990), quantile(1000),
           (unsigned long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + (unsigned long long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
    fflush(stdout);
    sample_count = 0;
}

static void stall(unsigned count) {
    for (unsigned i = 0; i < begun && count; i++) {
        if (sessions[i]->fd < 0) continue;
        watch(sessions[i], 0, EPOLL_CTL_MOD);
        count--;
    }
}

static void obey(void) {
    static char line[256];
    static size_t have;
    ssize_t got = read(STDIN_FILENO, line + have, sizeof line - have - 1);
    if (got <= 0) exit(0);
    have += (size_t)got;
    line[have] = 0;
    char *end;
    while ((end = memchr(line, '\n', have))) {
        if (!strncmp(line, "mark", 4)) print_mark();
        if (!strncmp(line, "quit", 4)) exit(0);
        if (!strncmp(line, "stall ", 6)) stall((unsigned)atoi(line + 6));
        if (!strncmp(line, "mouse ", 6)) mouse_period_ms = atoi(line + 6) ? 1000 / (unsigned)atoi(line + 6) : 0;
        if (!strncmp(line, "open ", 5)) {
            wanted += (unsigned)atoi(line + 5);
            if (wanted > planned) wanted = planned;
            dial_more();
        }
        have -= (size_t)(end + 1 - line);
        memmove(line, end + 1, have);
    }
}

static void add_fixed(int fd, void *mark) {
    struct epoll_event event = {EPOLLIN, {.ptr = mark}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

int main(int argc, char **argv) {
    static int timer_mark, order_mark;
    if (argc != 4) return 2;
    port = atoi(argv[1]);
    protocol = argv[2];
    data_opcode = strcmp(protocol, "binary") ? 1 : 2;
    read_plan(argv[3]);
    samples = malloc(MOST_SAMPLES * sizeof *samples);
    if (!samples) fail("memory");
    epoll_fd = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every = {{0, 1000000}, {0, 1000000}};
    timerfd_settime(timer, 0, &every, NULL);
    add_fixed(timer, &timer_mark);
    add_fixed(STDIN_FILENO, &order_mark);
    uint64_t ticked_ms = now_us() / 1000;
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            void *of = events[i].data.ptr;
            if (of == &order_mark) {
                obey();
            } else if (of == &timer_mark) {
                uint64_t due, ms = now_us() / 1000;
                if (read(timer, &due, sizeof due) < 0) continue;
                tick(ticked_ms, ms);
                ticked_ms = ms;
            } else {
                struct session *session = of;
                if (session->fd < 0) continue;
                if (session->stage == DIALLING) ask(session);
                else if (session->stage == ASKED) take_answer(session);
                else hear(session);
            }
        }
        dial_more();
    }
}
