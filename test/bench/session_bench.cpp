#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "scaler/ymq/session.hpp"
#include "scaler/zmtp/session.hpp"

// How fast the codecs are without a socket: two sessions in one thread, the bytes of one copied
// into the other, as a kernel would. CPU time, so that a busy machine disturbs it less; best of
// several runs with the spread. On request only:
//   ninja -C build/release session_bench && build/release/test/bench/session_bench
namespace {

using namespace scaler;

struct Line {
  std::unique_ptr<Session> from;
  std::unique_ptr<Session> to;
};

struct Load {
  const char* name;
  std::size_t message_bytes;
  std::size_t messages;
  std::size_t messages_per_turn;
};

// One read: as much of `views` from `done` on as there is room for.
std::size_t read_once(std::span<const ByteView> views, std::size_t done,
                      std::span<std::byte> room) {
  std::size_t filled = 0;
  for (ByteView view : views) {
    const std::size_t skip = std::min(done, view.size());
    done -= skip;
    view = view.subspan(skip);
    const std::size_t count = std::min(view.size(), room.size() - filled);
    if (count > 0) std::memcpy(room.data() + filled, view.data(), count);
    filled += count;
  }
  return filled;
}

void move_bytes(Session& from, Session& to, std::size_t& heard) {
  while (true) {
    const auto views = from.to_send();
    if (views.empty()) return;
    std::size_t done = 0;
    while (const std::size_t count = read_once(views, done, to.receive_buffer())) {
      done += count;
      to.received(count);
      while (auto event = to.next().value())
        heard += std::holds_alternative<MessageReceived>(*event) ? 1 : 0;
    }
    from.sent(done);
  }
}

double seconds_for(const Line& line, const Load& load) {
  const Bytes payload = Bytes::copy_of(std::string(load.message_bytes, 'x'));
  std::size_t heard = 0;
  const std::clock_t start = std::clock();
  for (std::size_t sent = 0; sent < load.messages; sent += load.messages_per_turn) {
    for (std::size_t i = 0; i < load.messages_per_turn; ++i) line.from->send(payload);
    move_bytes(*line.from, *line.to, heard);
  }
  const std::clock_t end = std::clock();
  SCALER_ASSERT(heard == load.messages, "messages were lost");
  return static_cast<double>(end - start) / CLOCKS_PER_SEC;
}

void measure(const char* codec, const std::function<Line()>& connect, const Load& load) {
  constexpr int runs = 7;
  std::vector<double> seconds;
  for (int run = 0; run < runs; ++run) seconds.push_back(seconds_for(connect(), load));
  const auto [best, worst] = std::ranges::minmax(seconds);
  const auto messages = static_cast<double>(load.messages);
  const double gigabytes = messages * static_cast<double>(load.message_bytes) / 1e9;
  fmt::print("{:4} {:22} {:>10.0f} messages/s {:6.2f} GB/s  (worst of {}: {:.0f} %)\n", codec,
             load.name, messages / best, gigabytes / best, runs, 100 * best / worst);
}

Line zmtp_line() {
  std::size_t heard = 0;
  Line line{zmtp::make_session(
                {.local = SocketType::dealer, .identity = Bytes::copy_of("A"), .limits = {}}),
            zmtp::make_session(
                {.local = SocketType::router, .identity = Bytes::copy_of("B"), .limits = {}})};
  for (int round = 0; round < 2; ++round) {
    move_bytes(*line.from, *line.to, heard);
    move_bytes(*line.to, *line.from, heard);
  }
  return line;
}

Line ymq_line() {
  return {ymq::make_session({ymq::Dialect::magic, Bytes::copy_of("A"), {}}),
          ymq::make_session({ymq::Dialect::magic, Bytes::copy_of("B"), {}})};
}

}  // namespace

int main() {
  const Load loads[] = {{"250 B, 1 a turn", 250, 200'000, 1},
                        {"250 B, 500 a turn", 250, 500'000, 500},
                        {"20 kB, 16 a turn", 20'000, 32'000, 16},
                        {"64 MB frames", std::size_t{64} << 20, 8, 1}};
  for (const Load& load : loads) {
    measure("zmtp", zmtp_line, load);
    measure("ymq", ymq_line, load);
  }
}
