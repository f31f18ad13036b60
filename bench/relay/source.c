/* A desktop's picture at a steady pace: what stands behind each relay that is measured.
 *
 * usage: source guacd|bare|websocket FRAMES FPS ARGS
 *
 * guacd      goes through guacd's handshake first (`select`, `connect`); ARGS is the `args` instruction it answers with
 * bare       begins at once: for relays that pass TCP
 * websocket  is a WebSocket server (RFC 6455) that sends whole instructions in every message: for relays that pass HTTP
 *
 * FRAMES holds frames, each behind its length (32 bits, native). FPS 0: as fast as they are taken. Every frame ends
 * with the time of its writing (`shade`, microseconds within a second) and with `sync`.
 * Prints its port, then answers commands, one a line: `busy`, `idle`, `mark` (prints counters as JSON), `quit`.
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

enum { MAX_SESSIONS = 4096, MAX_FRAMES = 1024, INPUT = 16384, GUACD_WRITE = 8192, MESSAGE = 16384, TAIL = 64 };
enum mode { GUACD, BARE, WEBSOCKET };
enum stage { GREETING, RUNNING };

struct frame { const char *data; size_t size; };

struct session {
    int fd;
    enum stage stage;
    bool has_selected;
    size_t have, pending, sent;
    unsigned next, slot;
    uint64_t header_left, body_left; /* of the WebSocket frame that is being read */
    unsigned header_have;
    unsigned char header[14];
    char input[INPUT];
    char *waiting;
};

static enum mode mode;
static struct frame frames[MAX_FRAMES];
static unsigned frame_count, fps;
static const char *args_instruction;
static struct session *sessions[MAX_SESSIONS];
static unsigned session_count;
static size_t scratch_size;
static char *scratch;
static bool is_busy;
static int epoll_fd;
static uint64_t sent_bytes, sent_frames, skipped_frames, received_bytes, received_instructions;

static const char PICTURE[] =
    "4.size,1.0,4.1280,3.720;4.rect,1.0,1.0,1.0,2.64,2.64;5.cfill,2.14,1.0,2.16,2.32,2.48,3.255;";

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void read_frames(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t size;
    if (!file) fail(path);
    size_t largest = 0;
    while (frame_count < MAX_FRAMES && fread(&size, sizeof size, 1, file) == 1) {
        char *data = malloc(size);
        if (!data || fread(data, 1, size, file) != size) fail("frames");
        frames[frame_count++] = (struct frame){data, size};
        if (size > largest) largest = size;
    }
    fclose(file);
    scratch_size = largest + largest / MESSAGE * 32 + 4096;
    scratch = malloc(scratch_size);
    if (!scratch || !frame_count) fail("frames");
}

static void watch(struct session *session, bool for_writing) {
    struct epoll_event event = {EPOLLIN | (for_writing ? EPOLLOUT : 0), {.ptr = session}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, session->fd, &event) < 0) fail("epoll_ctl");
}

static void drop(struct session *session) {
    close(session->fd);
    session->fd = -1;
}

/* Bytes go out in pieces of `piece`; what the other side does not take is kept. */
static void put(struct session *session, const char *data, size_t size, size_t piece) {
    size_t at = 0;
    while (at < size) {
        ssize_t done = send(session->fd, data + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL);
        if (done < 0) {
            if (errno == EAGAIN) break;
            drop(session);
            return;
        }
        at += (size_t)done;
        sent_bytes += (uint64_t)done;
    }
    if (at < size) {
        if (!session->waiting && !(session->waiting = malloc(scratch_size))) fail("malloc");
        memcpy(session->waiting, data + at, size - at);
        session->pending = size - at;
        session->sent = 0;
        watch(session, true);
    }
}

static bool flush_waiting(struct session *session) {
    while (session->pending) {
        ssize_t done = send(session->fd, session->waiting + session->sent, session->pending, MSG_NOSIGNAL);
        if (done < 0) {
            if (errno != EAGAIN) drop(session);
            return false;
        }
        session->sent += (size_t)done;
        session->pending -= (size_t)done;
        sent_bytes += (uint64_t)done;
    }
    return true;
}

static size_t write_header(char *to, size_t size) {
    unsigned char *out = (unsigned char *)to;
    out[0] = 0x81;
    if (size < 126) {
        out[1] = (unsigned char)size;
        return 2;
    }
    out[1] = 126;
    out[2] = (unsigned char)(size >> 8);
    out[3] = (unsigned char)size;
    return 4;
}

/* Behind the last whole instruction that ends within `most` bytes; our frames hold no `;` inside of elements. */
static size_t find_cut(const char *data, size_t size, size_t most) {
    if (size <= most) return size;
    const char *end = memrchr(data, ';', most);
    return end ? (size_t)(end - data) + 1 : size;
}

static size_t write_tail(char *to) {
    return (size_t)sprintf(to, "5.shade,1.1,6.%06u;4.sync,13.%013llu;",
                           (unsigned)(now_us(CLOCK_MONOTONIC) % 1000000),
                           (unsigned long long)(now_us(CLOCK_REALTIME) / 1000));
}

static void show(struct session *session, const char *data, size_t size) {
    size_t filled = 0;
    if (mode != WEBSOCKET) {
        memcpy(scratch, data, size);
        filled = size + write_tail(scratch + size);
        put(session, scratch, filled, GUACD_WRITE);
        return;
    }
    for (size_t at = 0; at < size;) {
        size_t cut = find_cut(data + at, size - at, MESSAGE);
        bool is_last = at + cut == size;
        char tail[TAIL + 1];
        size_t tail_size = is_last ? write_tail(tail) : 0;
        filled += write_header(scratch + filled, cut + tail_size);
        memcpy(scratch + filled, data + at, cut);
        memcpy(scratch + filled + cut, tail, tail_size);
        filled += cut + tail_size;
        at += cut;
    }
    put(session, scratch, filled, MESSAGE);
}

static void show_next(struct session *session) {
    if (session->fd < 0 || session->stage != RUNNING) return;
    if (session->pending) {
        skipped_frames++;
        return;
    }
    const struct frame *frame = &frames[session->next++ % frame_count];
    show(session, frame->data, frame->size);
    sent_frames++;
}

static void begin(struct session *session) {
    session->stage = RUNNING;
    session->next = (unsigned)rand();
    show(session, PICTURE, sizeof PICTURE - 1);
    if (fps == 0 && is_busy && session->fd >= 0) watch(session, true);
}

static void greet_guacd(struct session *session) {
    static const char ready[] = "5.ready,37.$260d01da-779b-4ee9-afc1-c16bae885cc7;";
    if (!session->has_selected && memmem(session->input, session->have, "6.select,", 9)) {
        session->has_selected = true;
        put(session, args_instruction, strlen(args_instruction), GUACD_WRITE);
    }
    const char *connect = memmem(session->input, session->have, "7.connect,", 10);
    if (connect && session->input[session->have - 1] == ';') {
        put(session, ready, sizeof ready - 1, GUACD_WRITE);
        begin(session);
    }
}

/* Accepts any key: the load tool does not look at what is made of it. */
static void greet_websocket(struct session *session) {
    static const char accept[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                 "Sec-WebSocket-Protocol: guacamole\r\n\r\n";
    if (!memmem(session->input, session->have, "\r\n\r\n", 4)) return;
    put(session, accept, sizeof accept - 1, GUACD_WRITE);
    begin(session);
}

/* The load tool sends one instruction in a message. */
static void count_messages(struct session *session, const unsigned char *data, size_t size) {
    while (size) {
        if (session->body_left) {
            size_t taken = session->body_left < size ? (size_t)session->body_left : size;
            session->body_left -= taken;
            data += taken;
            size -= taken;
            continue;
        }
        session->header[session->header_have++] = *data++;
        size--;
        unsigned length = session->header_have > 1 ? session->header[1] & 0x7f : 0;
        if (session->header_have < 2u + (length == 126 ? 2 : 0) + 4) continue;
        session->body_left = length == 126 ? (uint64_t)session->header[2] << 8 | session->header[3] : length;
        session->header_have = 0;
        received_instructions++;
    }
}

static void count_instructions(const char *data, size_t size) {
    for (const char *at = data, *end = data + size; (at = memchr(at, ';', (size_t)(end - at))); at++) {
        received_instructions++;
        if (at + 1 == end) return;
    }
}

static void listen_to(struct session *session) {
    static char buffer[65536];
    for (int turn = 0; turn < 8; turn++) {
        bool is_greeting = session->stage == GREETING;
        char *to = is_greeting ? session->input + session->have : buffer;
        ssize_t got = recv(session->fd, to, is_greeting ? INPUT - session->have : sizeof buffer, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            drop(session);
            return;
        }
        received_bytes += (uint64_t)got;
        if (is_greeting) {
            session->have += (size_t)got;
            (mode == GUACD ? greet_guacd : greet_websocket)(session);
            if (session->fd < 0 || session->have == INPUT) return;
        } else if (mode == WEBSOCKET) {
            count_messages(session, (unsigned char *)buffer, (size_t)got);
        } else {
            count_instructions(buffer, (size_t)got);
        }
    }
}

static void welcome(int listener) {
    int one = 1, fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (session_count == MAX_SESSIONS) fail("too many sessions");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct session *session = calloc(1, sizeof *session);
        if (!session) fail("calloc");
        session->fd = fd;
        session->slot = (unsigned)rand();
        sessions[session_count++] = session;
        struct epoll_event event = {EPOLLIN, {.ptr = session}};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
        if (mode == BARE) begin(session);
    }
}

static void say_nop(struct session *session) {
    static const char nop[] = "\x81\x06" "3.nop;";
    if (session->fd < 0 || session->stage != RUNNING || session->pending) return;
    size_t skipped = mode == WEBSOCKET ? 0 : 2;
    put(session, nop + skipped, sizeof nop - 1 - skipped, GUACD_WRITE);
}

/* Once a millisecond: each session has a moment of its own within the frame's time. */
static void tick(uint64_t first_ms, uint64_t last_ms) {
    for (uint64_t ms = first_ms + 1; ms <= last_ms; ms++) {
        for (unsigned i = 0; i < session_count; i++) {
            if (is_busy && fps && ms % (1000 / fps) == sessions[i]->slot % (1000 / fps)) show_next(sessions[i]);
            if (!is_busy && ms % 4000 == sessions[i]->slot % 4000) say_nop(sessions[i]);
        }
    }
}

static void print_mark(void) {
    struct rusage used;
    unsigned alive = 0;
    getrusage(RUSAGE_SELF, &used);
    for (unsigned i = 0; i < session_count; i++) alive += sessions[i]->fd >= 0 && sessions[i]->stage == RUNNING;
    printf("{\"sessions\": %u, \"sent_bytes\": %llu, \"sent_frames\": %llu, \"skipped_frames\": %llu, "
           "\"received_bytes\": %llu, \"received_instructions\": %llu, \"cpu_us\": %llu}\n",
           alive, (unsigned long long)sent_bytes, (unsigned long long)sent_frames, (unsigned long long)skipped_frames,
           (unsigned long long)received_bytes, (unsigned long long)received_instructions,
           (unsigned long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + (unsigned long long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec));
    fflush(stdout);
}

static void obey(void) {
    static char line[256];
    static size_t have;
    ssize_t got = read(STDIN_FILENO, line + have, sizeof line - have);
    if (got <= 0) exit(0);
    have += (size_t)got;
    char *end;
    while ((end = memchr(line, '\n', have))) {
        if (!strncmp(line, "mark", 4)) print_mark();
        if (!strncmp(line, "quit", 4)) exit(0);
        if (!strncmp(line, "busy", 4) || !strncmp(line, "idle", 4)) {
            is_busy = line[0] == 'b';
            for (unsigned i = 0; i < session_count; i++) {
                bool is_on = sessions[i]->fd >= 0 && sessions[i]->stage == RUNNING;
                if (is_on) watch(sessions[i], sessions[i]->pending || (is_busy && fps == 0));
            }
        }
        have -= (size_t)(end + 1 - line);
        memmove(line, end + 1, have);
    }
}

static int listen_somewhere(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1024) < 0) fail("listen");
    getsockname(fd, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void add_fixed(int fd, void *mark) {
    struct epoll_event event = {EPOLLIN, {.ptr = mark}};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

int main(int argc, char **argv) {
    static int listener_mark, timer_mark, order_mark;
    if (argc != 5) return 2;
    mode = !strcmp(argv[1], "guacd") ? GUACD : !strcmp(argv[1], "bare") ? BARE : WEBSOCKET;
    read_frames(argv[2]);
    fps = (unsigned)atoi(argv[3]);
    args_instruction = argv[4];
    epoll_fd = epoll_create1(0);
    int listener = listen_somewhere();
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec every = {{0, 1000000}, {0, 1000000}};
    timerfd_settime(timer, 0, &every, NULL);
    add_fixed(listener, &listener_mark);
    add_fixed(timer, &timer_mark);
    add_fixed(STDIN_FILENO, &order_mark);
    uint64_t ticked_ms = now_us(CLOCK_MONOTONIC) / 1000;
    for (;;) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < count; i++) {
            void *of = events[i].data.ptr;
            if (of == &listener_mark) {
                welcome(listener);
            } else if (of == &order_mark) {
                obey();
            } else if (of == &timer_mark) {
                uint64_t due, ms = now_us(CLOCK_MONOTONIC) / 1000;
                if (read(timer, &due, sizeof due) < 0) continue;
                tick(ticked_ms, ms);
                ticked_ms = ms;
            } else {
                struct session *session = of;
                if (session->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) listen_to(session);
                if (session->fd >= 0 && (events[i].events & EPOLLOUT) && flush_waiting(session)) {
                    bool is_flooding = is_busy && fps == 0;
                    for (int n = 0; n < 16 && is_flooding && session->fd >= 0 && !session->pending; n++) show_next(session);
                    if (session->fd >= 0 && !is_flooding && !session->pending) watch(session, false);
                }
            }
        }
    }
}
