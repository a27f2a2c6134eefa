/*
 * Asks a resolver on 127.0.0.1 as fast as it answers, or at a fixed rate, and checks every reply: ID, question, response code, AD.
 *
 * In C, because the asker has to cost less than the resolver that is measured: batches of sendmmsg and recvmmsg, nothing
 * allocated, which Node's dgram cannot do. bench/peers/load.ts compiles it, writes its input and reads its one line of JSON.
 *
 *   load INPUT PORT WINDOW QUESTIONS SECONDS RATE TIMEOUT_MS RUN
 *   load INPUT PORT first
 *
 * QUESTIONS or SECONDS (the other is 0) says when to end. RATE 0: WINDOW questions are kept in flight. Otherwise RATE a second
 * are sent whatever happens, and a latency counts from when its question was due, so that a stall shows in all it held up.
 * RUN above 1: the order is made of runs of so many steps; a step of a run is sent when the one before it was answered or lost,
 * and WINDOW runs are under way. The order is then gone through once, and is a whole number of runs.
 * `first`: asks the first question every millisecond until the expected reply comes; prints the time of day.
 *
 * Input, little-endian: u32 questions, u32 steps of the order; for each question u32 offset in the packets, u16 length,
 * u8 response code, u8 AD (0, 1); the order as u32 each; the packets.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS 8
#define IDS 65536
#define BATCH 64
#define REPLY_OCTETS 4096
#define HEADER 12
#define BUCKETS 3840
#define SHOWN 5

struct question {
  uint32_t at;
  uint16_t length;
  uint8_t rcode;
  uint8_t ad;
};

struct slot {
  uint64_t since;
  uint32_t question;
  uint32_t step; /* place in the order */
  uint32_t used;
};

struct lane {
  int fd;
  uint16_t head; /* next free ID: IDs are used in turn, so that a late reply meets no new question */
  struct slot slots[IDS];
};

struct flight {
  uint64_t since;
  uint16_t lane, id;
};

static struct lane lanes[SOCKETS];
static struct flight *flights; /* in order of sending */
static uint64_t flights_first, flights_end;
static const uint64_t flights_room = 1 << 20;

static struct question *questions;
static uint32_t *order;
static uint32_t question_count, order_count;
static uint8_t *packets;

static uint32_t run_steps = 1;
static uint64_t runs_begun;
/* Steps whose turn has come, as the one before them in their run is over: at most one for each run. */
static uint32_t *due_steps;
static uint64_t due_first, due_end;

static uint64_t hist[BUCKETS], latency_sum, latency_max;
static uint64_t sent, answered, lost, stray, wrong, in_flight, rcodes[16];
static struct {
  uint32_t question;
  int rcode, ad;
} shown[SHOWN];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return (uint64_t)at.tv_sec * 1000000000u + at.tv_nsec;
}

/* Buckets of 64 steps in each power of two: 1.6 % wide. */
static unsigned bucket_of(uint64_t ns) {
  if (ns < 64) return ns;
  unsigned power = 63 - __builtin_clzll(ns);
  return (power - 5) * 64 + ((ns >> (power - 6)) & 63);
}

static double bucket_ms(unsigned bucket) {
  if (bucket < 64) return bucket / 1e6;
  unsigned power = bucket / 64 + 5;
  return (double)((64ull + bucket % 64) << (power - 6)) / 1e6;
}

static double quantile_ms(double share) {
  uint64_t left = (uint64_t)(share * answered);
  for (unsigned i = 0; i < BUCKETS; i++) {
    if (hist[i] > left) return bucket_ms(i);
    left -= hist[i];
  }
  return latency_max / 1e6;
}

static void *take(FILE *file, size_t octets) {
  void *at = malloc(octets + 1);
  if (at == NULL || fread(at, 1, octets, file) != octets) die("input");
  return at;
}

static void read_input(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) die(path);
  uint32_t *counts = take(file, 8);
  question_count = counts[0];
  order_count = counts[1];
  questions = take(file, sizeof(struct question) * question_count);
  order = take(file, sizeof(uint32_t) * order_count);
  struct question last = questions[question_count - 1];
  packets = take(file, last.at + last.length);
  fclose(file);
}

static int open_socket(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) die("socket");
  return fd;
}

/* Octets of the question section that a packet has after its header. */
static unsigned question_octets(const uint8_t *packet, unsigned length) {
  unsigned at = HEADER;
  while (at < length && packet[at] != 0) at += packet[at] + 1;
  return at + 5 - HEADER;
}

static int answers(const uint8_t *reply, unsigned length, uint32_t n) {
  const uint8_t *query = packets + questions[n].at;
  unsigned octets = question_octets(query, questions[n].length);
  return length >= HEADER + octets && (reply[2] & 0x80) && memcmp(reply + HEADER, query + HEADER, octets) == 0;
}

static int is_expected(const uint8_t *reply, uint32_t n) {
  return (reply[3] & 15) == questions[n].rcode && ((reply[3] >> 5) & 1) == questions[n].ad;
}

/* The step to send after so many others. */
static uint32_t step_to_send(unsigned after) {
  uint64_t due = due_end - due_first;
  if (after < due) return due_steps[(due_first + after) % order_count];
  return (runs_begun + after - due) * run_steps % order_count;
}

static void note_sent(unsigned count) {
  for (; count > 0 && due_first < due_end; count--) due_first++;
  runs_begun += count;
}

/* A question was answered or is lost: the next of its run is due. */
static void end_step(struct slot *slot) {
  slot->used = 0;
  in_flight--;
  if ((slot->step + 1) % run_steps != 0) due_steps[due_end++ % order_count] = slot->step + 1;
}

static void count_reply(struct lane *lane, const uint8_t *reply, unsigned length, uint64_t now) {
  if (length < HEADER) {
    stray++;
    return;
  }
  struct slot *slot = &lane->slots[reply[0] << 8 | reply[1]];
  if (!slot->used || !answers(reply, length, slot->question)) {
    stray++;
    return;
  }
  end_step(slot);
  answered++;
  rcodes[reply[3] & 15]++;
  uint64_t took = now - slot->since;
  hist[bucket_of(took)]++;
  latency_sum += took;
  if (took > latency_max) latency_max = took;
  if (is_expected(reply, slot->question)) return;
  if (wrong < SHOWN) {
    shown[wrong].question = slot->question;
    shown[wrong].rcode = reply[3] & 15;
    shown[wrong].ad = (reply[3] >> 5) & 1;
  }
  wrong++;
}

static unsigned receive(struct lane *lane) {
  static uint8_t replies[BATCH][REPLY_OCTETS];
  static struct iovec vectors[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i].iov_base = replies[i];
    vectors[i].iov_len = REPLY_OCTETS;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int got = recvmmsg(lane->fd, messages, BATCH, MSG_DONTWAIT, NULL);
  if (got <= 0) return 0;
  uint64_t now = now_ns(CLOCK_MONOTONIC);
  for (int i = 0; i < got; i++) count_reply(lane, replies[i], messages[i].msg_len, now);
  return got;
}

/* Sends up to so many from one socket; `due` is when the first was due at a fixed rate, `gap` the time between two. */
static unsigned send_batch(struct lane *lane, unsigned count, uint64_t due, double gap) {
  static struct iovec vectors[BATCH];
  static struct mmsghdr messages[BATCH];
  uint16_t ids[BATCH];
  uint16_t id = lane->head;
  unsigned ready = 0;
  for (; ready < count && ready < BATCH && !lane->slots[id].used; ready++, id++) {
    uint32_t step = step_to_send(ready);
    uint32_t n = order[step];
    uint8_t *packet = packets + questions[n].at;
    /* One packet twice in a batch would have one ID: it waits for the next. */
    for (unsigned i = 0; i < ready; i++)
      if (vectors[i].iov_base == packet) goto full;
    packet[0] = id >> 8;
    packet[1] = id & 255;
    ids[ready] = id;
    lane->slots[id].question = n;
    lane->slots[id].step = step;
    vectors[ready].iov_base = packet;
    vectors[ready].iov_len = questions[n].length;
    messages[ready].msg_hdr.msg_iov = &vectors[ready];
    messages[ready].msg_hdr.msg_iovlen = 1;
  }
full:;
  uint64_t now = now_ns(CLOCK_MONOTONIC);
  int done = sendmmsg(lane->fd, messages, ready, MSG_DONTWAIT);
  if (done <= 0) return 0;
  for (int i = 0; i < done; i++) {
    struct slot *slot = &lane->slots[ids[i]];
    slot->used = 1;
    slot->since = gap > 0 ? due + (uint64_t)(i * gap) : now;
    struct flight *flight = &flights[flights_end++ % flights_room];
    flight->since = slot->since;
    flight->lane = lane - lanes;
    flight->id = ids[i];
  }
  lane->head += done;
  note_sent(done);
  sent += done;
  in_flight += done;
  return done;
}

static void expire(uint64_t now, uint64_t timeout) {
  while (flights_first < flights_end) {
    struct flight *flight = &flights[flights_first % flights_room];
    struct slot *slot = &lanes[flight->lane].slots[flight->id];
    int is_open = slot->used && slot->since == flight->since;
    if (is_open && now < flight->since + timeout) return;
    if (is_open) {
      end_step(slot);
      lost++;
    }
    flights_first++;
  }
}

static void wait_until(uint64_t now, uint64_t wake) {
  struct pollfd fds[SOCKETS];
  for (int i = 0; i < SOCKETS; i++) fds[i] = (struct pollfd){.fd = lanes[i].fd, .events = POLLIN};
  uint64_t left = wake > now ? wake - now : 0;
  if (left > 50000000) left = 50000000;
  struct timespec most = {.tv_sec = 0, .tv_nsec = left};
  ppoll(fds, SOCKETS, &most, NULL);
}

static void run(uint64_t window, uint64_t most, double seconds, double rate, uint64_t timeout) {
  const double gap = rate > 0 ? 1e9 / rate : 0;
  const uint64_t start = now_ns(CLOCK_MONOTONIC);
  const uint64_t stop = seconds > 0 ? start + (uint64_t)(seconds * 1e9) : UINT64_MAX;
  unsigned turn = 0;
  for (;;) {
    uint64_t now = now_ns(CLOCK_MONOTONIC);
    expire(now, timeout);
    int is_over = now >= stop || (most > 0 && sent >= most);
    if (is_over && in_flight == 0) break;
    uint64_t wish = 0;
    if (!is_over && rate > 0) wish = (uint64_t)((now - start) / gap) + 1 - sent;
    if (!is_over && rate == 0 && in_flight < window) wish = window - in_flight;
    if (most > 0 && wish > most - sent) wish = most - sent;
    uint64_t ready = due_end - due_first + order_count / run_steps - runs_begun;
    if (run_steps > 1 && wish > ready) wish = ready;
    unsigned did = 0;
    if (wish > 0) did += send_batch(&lanes[turn++ % SOCKETS], wish, start + (uint64_t)(sent * gap), gap);
    for (int i = 0; i < SOCKETS; i++) did += receive(&lanes[i]);
    if (did == 0) wait_until(now, rate > 0 && !is_over ? start + (uint64_t)(sent * gap) : now + 1000000);
  }
  double took = (now_ns(CLOCK_MONOTONIC) - start) / 1e9;
  printf("{\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"stray\":%lu,\"wrong\":%lu,\"seconds\":%f", sent, answered, lost, stray,
         wrong, took);
  printf(",\"meanMs\":%f,\"p50Ms\":%f,\"p99Ms\":%f,\"p999Ms\":%f,\"maxMs\":%f,\"wrongOnes\":[",
         answered ? latency_sum / 1e6 / answered : 0, quantile_ms(0.5), quantile_ms(0.99), quantile_ms(0.999),
         latency_max / 1e6);
  for (unsigned i = 0; i < wrong && i < SHOWN; i++)
    printf("%s{\"question\":%u,\"rcode\":%d,\"ad\":%d}", i ? "," : "", shown[i].question, shown[i].rcode, shown[i].ad);
  printf("]}\n");
}

static void ask_first(void) {
  uint8_t reply[REPLY_OCTETS];
  struct pollfd one = {.fd = lanes[0].fd, .events = POLLIN};
  for (int tries = 0; tries < 60000; tries++) {
    send(lanes[0].fd, packets + questions[0].at, questions[0].length, MSG_DONTWAIT);
    struct timespec most = {.tv_sec = 0, .tv_nsec = 1000000};
    ppoll(&one, 1, &most, NULL);
    for (;;) {
      ssize_t length = recv(lanes[0].fd, reply, sizeof reply, MSG_DONTWAIT);
      if (length < 0) break;
      if (length < HEADER || !answers(reply, length, 0) || !is_expected(reply, 0)) continue;
      printf("{\"atMs\":%f}\n", now_ns(CLOCK_REALTIME) / 1e6);
      return;
    }
    /* A refused packet ends the wait at once. */
    if (one.revents & (POLLERR | POLLHUP)) nanosleep(&most, NULL);
  }
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 9) return 2;
  prctl(PR_SET_TIMERSLACK, 1);
  read_input(argv[1]);
  flights = malloc(sizeof(struct flight) * flights_room);
  for (int i = 0; i < SOCKETS; i++) lanes[i].fd = open_socket(atoi(argv[2]));
  if (argc == 4) {
    ask_first();
    return 0;
  }
  run_steps = strtoul(argv[8], NULL, 10);
  due_steps = malloc(sizeof(uint32_t) * order_count);
  run(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10), atof(argv[5]), atof(argv[6]),
      strtoull(argv[7], NULL, 10) * 1000000);
  return 0;
}
