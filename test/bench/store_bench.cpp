// How fast the object store is: the bare core, then a server process over TCP and over its Unix
// socket, beside a plain TCP stream of the same bytes in the same run. Prints wall time, the
// server's CPU time, and how much its memory grows by what it holds.
//   store_bench [core] [large] [small]      without words: all three

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "net/same_host.hpp"
#include "scaler/base/random.hpp"
#include "scaler/roles/store_service.hpp"
#include "scaler/store/object_store.hpp"

namespace {

using namespace scaler;
using wire::StoreRequestType;

constexpr std::size_t large_bytes = 50'000'000;
constexpr int large_count = 20;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

void require(bool condition, const char* what) {
  if (condition) return;
  fmt::print(stderr, "store_bench: {}\n", what);
  std::_Exit(1);
}

// ---- the bare core ------------------------------------------------------------------------------

void time_core(const char* what, std::size_t count, const std::function<void(std::size_t)>& one) {
  const double start = cpu_seconds_of(getpid());
  for (std::size_t i = 0; i < count; ++i) one(i);
  const double seconds = cpu_seconds_of(getpid()) - start;
  fmt::print("core   {:<28} {:7.0f} ns of CPU each\n", what,
             seconds / static_cast<double>(count) * 1e9);
}

void bench_core() {
  constexpr std::size_t count = 1'000'000;
  Random random(1);
  std::vector<ObjectId> ids(count);
  for (ObjectId& id : ids) random.fill(id.bytes);
  store::ObjectStore store{store::Options{.waiting_per_peer_max = count, .hash_seed = 7}};
  store::Outbox out;
  const Bytes payload = Bytes::copy_of("0123456789abcdef");
  const auto ask = [&](const ObjectId& id, StoreRequestType type, std::uint64_t bytes,
                       Bytes content) {
    require(store.on_request({1, 1}, {id, bytes, 0, type}, std::move(content), out) ==
                store::Outcome::accepted,
            "the core refused");
    out.clear();
  };
  const auto get = [&](std::size_t i) { ask(ids[i], StoreRequestType::get, wire::everything, {}); };
  const auto set = [&](std::size_t i) {
    ask(ids[i], StoreRequestType::set, payload.size(), payload);
  };
  const auto shuffle = [&] {
    for (std::size_t i = count - 1; i > 0; --i) std::swap(ids[i], ids[random.below(i + 1)]);
  };
  time_core("set, a new id of a million", count, set);
  shuffle();
  time_core("get, any id of a million", count, get);
  shuffle();
  time_core("remove, any id of a million", count,
            [&](std::size_t i) { ask(ids[i], StoreRequestType::remove, 0, {}); });
  time_core("get, held back", count, get);
  shuffle();
  time_core("set, releasing one get", count, set);
}

// ---- sockets ------------------------------------------------------------------------------------

// One blocking socket, either end.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Stream() { ::close(descriptor_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  static int connect_to(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    require(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
            "cannot connect");
    return descriptor;
  }

  int descriptor() const { return descriptor_; }
  void write(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      require(count > 0, "cannot send");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void read(std::span<std::byte> into) {
    while (!into.empty()) {
      const ssize_t count = ::recv(descriptor_, into.data(), into.size(), 0);
      require(count > 0, "the other side closed");
      into = into.subspan(static_cast<std::size_t>(count));
    }
  }

 private:
  int descriptor_;
};

// A child process that tells its port through a pipe and is killed at the end.
class Child {
 public:
  explicit Child(const std::function<void(const std::function<void(std::uint16_t)>&)>& serve) {
    int ends[2];
    require(pipe(ends) == 0, "cannot make a pipe");
    std::fflush(stdout);
    process_ = fork();
    require(process_ >= 0, "cannot fork");
    if (process_ == 0) {
      serve([&](std::uint16_t bound) {
        require(::write(ends[1], &bound, sizeof bound) == sizeof bound, "cannot tell the port");
      });
      std::_Exit(0);
    }
    require(::read(ends[0], &port, sizeof port) == sizeof port, "the child did not start");
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~Child() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  double cpu_seconds() const { return cpu_seconds_of(process_); }
  double resident_bytes() const {
    std::ifstream file(fmt::format("/proc/{}/statm", process_));
    double size = 0;
    double resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  std::uint16_t port = 0;

 private:
  pid_t process_;
};

void serve_store(const std::function<void(std::uint16_t)>& tell) {
  net::Loop loop;
  roles::StoreService service(loop, "ObjectStorageServer");
  const auto bound = service.listen(*Address::parse("tcp://127.0.0.1:0"));
  require(static_cast<bool>(bound), "the store cannot listen");
  tell(bound->port);
  loop.run();
}

// The plainest thing that moves the same bytes: takes each object into memory of its own, confirms
// it with a byte, then gives all of them back.
void serve_plain(const std::function<void(std::uint16_t)>& tell) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  require(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
              ::listen(listener, 1) == 0 &&
              ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0,
          "cannot listen");
  tell(ntohs(address.sin_port));
  Stream stream(::accept(listener, nullptr, nullptr));
  std::vector<std::byte*> objects;
  for (int i = 0; i < large_count; ++i) {
    objects.push_back(static_cast<std::byte*>(std::malloc(large_bytes)));
    stream.read({objects.back(), large_bytes});
    stream.write(as_bytes("k"));
  }
  for (const std::byte* object : objects) stream.write({object, large_bytes});
  pause();  // until killed
}

enum class Way : std::uint8_t { tcp, same_host };

// The asking side, raw: magic, identity, then frames.
class RawClient {
 public:
  RawClient(std::uint16_t port, Way way) : stream_(Stream::connect_to(port)) {
    const std::string identity = greet();
    if (way == Way::tcp) return;
    const auto met = net::meet_on_same_host(as_bytes(identity));
    require(met.has_value(), "the store offers no socket on this host");
    require(::fcntl(met->get(), F_SETFL, 0) == 0, "cannot make a socket block");
    require(::dup2(met->get(), stream_.descriptor()) >= 0, "cannot change the socket");
    greet();
  }

  void ask(const ObjectId& id, StoreRequestType type, std::uint64_t bytes) {
    append_word(wire::store_header_bytes);
    pending_ += wire::encode_store_request({id, bytes, next_++, type}).text();
  }
  void append_payload(std::string_view payload) {
    append_word(payload.size());
    pending_ += payload;
  }
  void flush() {
    stream_.write(as_bytes(pending_));
    pending_.clear();
  }
  void send_large(ByteView payload) {
    append_word(payload.size());
    flush();
    stream_.write(payload);
  }
  // The payload's length.
  std::size_t read_answer(std::span<std::byte> payload) {
    std::byte header[8 + wire::store_header_bytes];
    stream_.read(header);
    const std::size_t length = load_le64(header + 8 + 16);
    if (length == 0) return 0;
    require(length <= payload.size(), "an answer is longer than what was stored");
    std::byte frame_length[8];
    stream_.read(frame_length);
    stream_.read(payload.first(length));
    return length;
  }

 private:
  // The store's identity.
  std::string greet() {
    append_word(std::string("bench").size(), "YMQ\x01");
    stream_.write(as_bytes(pending_ + "bench"));
    pending_.clear();
    std::byte greeting[4 + 8];
    stream_.read(greeting);
    std::string identity(load_le64(greeting + 4), '\0');
    stream_.read(std::as_writable_bytes(std::span(identity)));
    return identity;
  }
  void append_word(std::uint64_t word, std::string_view before = {}) {
    std::byte bytes[8];
    store_le64(bytes, word);
    pending_ += before;
    pending_ += as_text(bytes);
  }
  Stream stream_;
  std::string pending_;
  std::uint64_t next_ = 0;
};

ObjectId id_of(std::uint64_t number) {
  ObjectId id;
  store_le64(id.bytes.data(), number);
  store_be64(id.bytes.data() + 24, number * 0x9e3779b97f4a7c15);
  return id;
}

// ---- large objects ------------------------------------------------------------------------------

struct Measured {
  double set_seconds = 0;
  double get_seconds = 0;
  double cpu_seconds = 0;
  double memory_ratio = 0;  // resident memory that holding them all added, over their bytes
};

Measured measure_plain(std::span<std::byte> object) {
  const Child child(serve_plain);
  Stream stream(Stream::connect_to(child.port));
  Measured measured;
  double start = wall_seconds();
  for (int i = 0; i < large_count; ++i) {
    stream.write(object);
    std::byte confirmed;
    stream.read({&confirmed, 1});
  }
  measured.set_seconds = wall_seconds() - start;
  start = wall_seconds();
  for (int i = 0; i < large_count; ++i) stream.read(object);
  measured.get_seconds = wall_seconds() - start;
  measured.cpu_seconds = child.cpu_seconds();
  return measured;
}

Measured measure_store(std::span<std::byte> object, Way way) {
  const Child child(serve_store);
  RawClient client(child.port, way);
  Measured measured;
  const double resident_before = child.resident_bytes();
  double start = wall_seconds();
  for (std::uint64_t i = 0; i < large_count; ++i) {
    client.ask(id_of(i), StoreRequestType::set, object.size());
    client.send_large(object);
    client.read_answer({});
  }
  measured.set_seconds = wall_seconds() - start;
  measured.memory_ratio = (child.resident_bytes() - resident_before) / (large_bytes * large_count);
  start = wall_seconds();
  for (std::uint64_t i = 0; i < large_count; ++i) {
    client.ask(id_of(i), StoreRequestType::get, wire::everything);
    client.flush();
    require(client.read_answer(object) == large_bytes, "an object came back shorter");
  }
  measured.get_seconds = wall_seconds() - start;
  measured.cpu_seconds = child.cpu_seconds();
  return measured;
}

void print_large(const char* what, const Measured& measured) {
  const double gigabytes = static_cast<double>(large_bytes) * large_count / 1e9;
  fmt::print("large  {:<16} set {:5.2f} GB/s  get {:5.2f} GB/s  server CPU {:5.0f} ms per GB\n",
             what, gigabytes / measured.set_seconds, gigabytes / measured.get_seconds,
             measured.cpu_seconds / (2 * gigabytes) * 1e3);
}

void bench_large() {
  std::vector<std::byte> object(large_bytes, std::byte{'x'});
  for (int round = 0; round < 3; ++round) {
    const Measured plain = measure_plain(object);
    print_large("plain TCP", plain);
    for (const Way way : {Way::tcp, Way::same_host}) {
      const Measured stored = measure_store(object, way);
      print_large(way == Way::tcp ? "store, TCP" : "store, same host", stored);
      fmt::print("large  {:<16} set {:5.2f}       get {:5.2f}       memory {:5.3f}\n",
                 "  over plain", stored.set_seconds / plain.set_seconds,
                 stored.get_seconds / plain.get_seconds, stored.memory_ratio);
    }
  }
}

// ---- small objects ------------------------------------------------------------------------------

// Sets, gets and removes 64-byte objects, `window` requests at a time.
void measure_small(Way way, std::size_t window, std::size_t count) {
  const Child child(serve_store);
  RawClient client(child.port, way);
  const std::string content(64, 'x');
  std::byte answer[64];
  const double start = wall_seconds();
  for (std::size_t first = 0; first < count; first += window) {
    for (const auto type :
         {StoreRequestType::set, StoreRequestType::get, StoreRequestType::remove}) {
      for (std::size_t i = first; i < first + window; ++i) {
        client.ask(id_of(i), type,
                   type == StoreRequestType::set ? content.size() : wire::everything);
        if (type == StoreRequestType::set) client.append_payload(content);
      }
      client.flush();
      for (std::size_t i = 0; i < window; ++i) client.read_answer(answer);
    }
  }
  const double seconds = wall_seconds() - start;
  const double requests = static_cast<double>(count) * 3;
  fmt::print("small  {:<9}  window {:>4}  {:9.0f} requests/s  server CPU {:6.2f} us per request\n",
             way == Way::tcp ? "TCP" : "same host", window, requests / seconds,
             child.cpu_seconds() / requests * 1e6);
}

void bench_small() {
  for (const Way way : {Way::tcp, Way::same_host}) {
    measure_small(way, 1, 20'000);
    measure_small(way, 16, 64'000);
    measure_small(way, 256, 256'000);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::set<std::string> words(argv + 1, argv + argc);
  const auto wanted = [&](const char* word) { return words.empty() || words.contains(word); };
  if (wanted("core")) bench_core();
  if (wanted("large")) bench_large();
  if (wanted("small")) bench_small();
  return 0;
}
