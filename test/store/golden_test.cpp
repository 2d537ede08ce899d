#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "scaler/store/object_store.hpp"

// The recorded conversations of a scripted peer with four versions of the reference server: our
// store gives the same frames for the same requests.

namespace scaler::store {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Frame {
  std::string body;
  std::size_t end = 0;  // offset behind its last byte in the recorded stream
};

// Behind an optional magic: 8 bytes little-endian length, body; the first is the identity.
std::vector<Frame> frames_of(const std::string& stream) {
  std::vector<Frame> frames;
  std::size_t at = stream.starts_with("YMQ\x01") ? 4 : 0;
  while (at < stream.size()) {
    REQUIRE(stream.size() - at >= 8);
    const std::size_t length = load_le64(as_bytes(stream).data() + at);
    REQUIRE(stream.size() - at - 8 >= length);
    frames.push_back({stream.substr(at + 8, length), at + 8 + length});
    at += 8 + length;
  }
  REQUIRE_FALSE(frames.empty());
  frames.erase(frames.begin());
  return frames;
}

// One frame of the connecting side, or the end of its connection, at its place in time.
struct Happening {
  double at = 0;
  std::uint32_t connection = 0;
  std::optional<std::string> frame;  // none: the end
};

// Lines of a timeline: "2.3745 s2c off=1305 len=98" or "2.8385 c2s EOF".
std::vector<Happening> happenings_of(const std::filesystem::path& folder,
                                     std::uint32_t connection) {
  const std::string name = "conn" + std::to_string(connection);
  const std::vector<Frame> frames = frames_of(read_file(folder / (name + "-c2s.bin")));
  std::istringstream timeline(read_file(folder / (name + "-timeline.txt")));
  std::vector<Happening> happenings;
  std::size_t next = 0;
  double at = 0;
  std::string direction, what, length;
  while (timeline >> at >> direction >> what) {
    if (what == "EOF") happenings.push_back({at, connection, std::nullopt});
    timeline >> std::ws;
    if (what == "EOF") continue;
    timeline >> length;
    if (direction != "c2s" || !what.starts_with("off=")) continue;
    const std::size_t end = std::stoul(what.substr(4)) + std::stoul(length.substr(4));
    for (; next < frames.size() && frames[next].end <= end; ++next)
      happenings.push_back({at, connection, frames[next].body});
  }
  REQUIRE(next == frames.size());
  return happenings;
}

// What the recorded server said, without the empty frame that 1.12.28 adds to an empty get_ok.
std::vector<std::string> expected_of(const std::filesystem::path& folder,
                                     std::uint32_t connection) {
  std::vector<std::string> expected;
  for (Frame& frame :
       frames_of(read_file(folder / ("conn" + std::to_string(connection) + "-s2c.bin"))))
    if (!frame.body.empty()) expected.push_back(std::move(frame.body));
  return expected;
}

class Replay {
 public:
  explicit Replay(std::size_t connections) : ends_(connections) {}

  void apply(const Happening& happening) {
    End& end = ends_[happening.connection];
    if (end.lost) return;
    if (!happening.frame) return lose(happening.connection);
    if (end.header) return serve(happening.connection, *happening.frame);
    const auto header = wire::decode_store_request(as_bytes(*happening.frame));
    if (!header) return lose(happening.connection);
    end.header = *header;
    if (header->type != wire::StoreRequestType::set &&
        header->type != wire::StoreRequestType::duplicate)
      serve(happening.connection, {});
  }

  const std::vector<std::string>& said_to(std::size_t connection) const {
    return ends_[connection].said;
  }

 private:
  struct End {
    bool lost = false;
    std::optional<wire::StoreRequestHeader> header;
    std::vector<std::string> said;
  };

  void lose(std::uint32_t connection) {
    ends_[connection].lost = true;
    store_.on_peer_lost({connection, 1});
  }

  void serve(std::uint32_t connection, const std::string& payload) {
    const auto header = *std::exchange(ends_[connection].header, std::nullopt);
    Outbox out;
    REQUIRE(store_.on_request({connection, 1}, header, Bytes::copy_of(payload), out) ==
            Outcome::accepted);
    store_.check_invariants();
    for (const Reply& reply : out) {
      auto& said = ends_[reply.to.index].said;
      said.emplace_back(wire::encode_store_response(reply.header).text());
      if (reply.header.payload_bytes > 0) said.emplace_back(reply.payload.text());
    }
  }

  ObjectStore store_{Options{}};
  std::vector<End> ends_;
};

void replay(const std::string& version, std::uint32_t connections, std::size_t frames) {
  INFO("version " << version);
  const auto folder =
      std::filesystem::path(SCALER_GOLDEN_DIR) / (version + "-object-storage-probe");
  std::vector<Happening> happenings;
  for (std::uint32_t connection = 0; connection < connections; ++connection)
    std::ranges::move(happenings_of(folder, connection), std::back_inserter(happenings));
  std::ranges::stable_sort(happenings, {}, &Happening::at);
  Replay replay(connections);
  for (const Happening& happening : happenings) replay.apply(happening);
  std::size_t compared = 0;
  for (std::uint32_t connection = 0; connection < connections; ++connection) {
    INFO("connection " << connection);
    const auto expected = expected_of(folder, connection);
    CHECK(replay.said_to(connection) == expected);
    compared += expected.size();
  }
  CHECK(compared == frames);
}

TEST_CASE("a scripted peer of each version gets the frames it got from the reference",
          "[store][golden]") {
  replay("1.12.28", 3, 35);
  replay("2.0.9", 5, 36);
  replay("2.2.0", 5, 36);
  replay("2.6.0", 5, 36);
}

}  // namespace
}  // namespace scaler::store
