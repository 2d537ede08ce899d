#include "support/transcript.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace scaler::support {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t zmtp_greeting_bytes = 64;
constexpr int zmtp_long = 0x02;
constexpr int zmtp_command = 0x04;

class Cursor {
 public:
  explicit Cursor(ByteView rest) : rest_(rest) {}
  bool at_end() const { return rest_.empty(); }
  ByteView take(std::uint64_t length) {
    if (length > rest_.size()) throw std::runtime_error("transcript ends inside a frame");
    const ByteView taken = rest_.first(static_cast<std::size_t>(length));
    rest_ = rest_.subspan(static_cast<std::size_t>(length));
    return taken;
  }
  ByteView take_le64_prefixed() { return take(load_le64(take(8).data())); }

 private:
  ByteView rest_;
};

// READY is a name and properties: 1-byte length, name, 4-byte BE length, value.
Bytes identity_of_ready(ByteView command) {
  Cursor cursor(command);
  cursor.take(1 + std::to_integer<std::size_t>(command[0]));
  while (!cursor.at_end()) {
    const ByteView name = cursor.take(std::to_integer<std::size_t>(cursor.take(1)[0]));
    const ByteView length = cursor.take(4);
    std::uint64_t value_bytes = 0;
    for (const std::byte digit : length)
      value_bytes = value_bytes << 8 | std::to_integer<unsigned>(digit);
    const ByteView value = cursor.take(value_bytes);
    if (as_text(name) == "Identity") return Bytes::copy_of(value);
  }
  return {};
}

void parse_zmtp(ByteView session, Transcript& transcript) {
  Cursor cursor(session);
  cursor.take(zmtp_greeting_bytes);
  bool ready_seen = false;
  while (!cursor.at_end()) {
    const int flags = std::to_integer<int>(cursor.take(1)[0]);
    const std::uint64_t length = (flags & zmtp_long) != 0
                                     ? load_be64(cursor.take(8).data())
                                     : std::to_integer<std::uint64_t>(cursor.take(1)[0]);
    const ByteView body = cursor.take(length);
    if ((flags & zmtp_command) == 0) {
      transcript.messages.push_back(Bytes::copy_of(body));
    } else if (!ready_seen) {
      ready_seen = true;
      transcript.identity = identity_of_ready(body);
    }
  }
}

void parse_prefixed(Cursor cursor, Transcript& transcript) {
  if (cursor.at_end()) return;
  transcript.identity = Bytes::copy_of(cursor.take_le64_prefixed());
  while (!cursor.at_end())
    transcript.messages.push_back(Bytes::copy_of(cursor.take_le64_prefixed()));
}

// The byte stream that binary frames carry behind an upgrade's head. Control frames end it.
std::string stream_in_websocket(ByteView session) {
  const std::size_t end_of_head = as_text(session).find("\r\n\r\n");
  if (end_of_head == std::string_view::npos) throw std::runtime_error("an upgrade without end");
  Cursor cursor(session.subspan(end_of_head + 4));
  std::string stream;
  while (!cursor.at_end()) {
    const int opcode = std::to_integer<int>(cursor.take(1)[0]) & 0x0f;
    const int second = std::to_integer<int>(cursor.take(1)[0]);
    std::uint64_t length = static_cast<std::uint64_t>(second & 0x7f);
    if (length >= 126) {
      std::uint64_t number = 0;
      for (const std::byte digit : cursor.take(length == 126 ? 2 : 8))
        number = number << 8 | std::to_integer<unsigned>(digit);
      length = number;
    }
    const ByteView mask = cursor.take((second & 0x80) != 0 ? 4 : 0);
    const ByteView payload = cursor.take(length);
    if (opcode >= 8) break;
    for (std::size_t i = 0; i < payload.size(); ++i)
      stream += static_cast<char>(mask.empty() ? payload[i] : payload[i] ^ mask[i % 4]);
  }
  return stream;
}

}  // namespace

Bytes read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot read " + path.string());
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  return Bytes::copy_of(content);
}

Transcript parse_transcript(ByteView session) {
  Transcript transcript;
  if (as_text(session).starts_with('\xff')) {
    transcript.framing = Framing::zmtp;
    parse_zmtp(session, transcript);
  } else if (as_text(session).starts_with("YMQ\x01")) {
    transcript.framing = Framing::ymq;
    parse_prefixed(Cursor(session.subspan(4)), transcript);
  } else if (as_text(session).starts_with("GET ") || as_text(session).starts_with("HTTP/")) {
    transcript.framing = Framing::websocket;
    const std::string stream = stream_in_websocket(session);
    parse_prefixed(Cursor(as_bytes(stream).subspan(4)), transcript);
  } else {
    transcript.framing = Framing::old_store;
    parse_prefixed(Cursor(session), transcript);
  }
  return transcript;
}

std::vector<Transcript> golden_transcripts(const std::string& part) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(SCALER_GOLDEN_DIR)) {
    const std::string folder = entry.path().parent_path().filename().string();
    if (entry.path().extension() == ".bin" && folder.find(part) != std::string::npos)
      files.push_back(entry.path());
  }
  if (files.empty()) throw std::runtime_error("no golden transcript named like '" + part + "'");
  std::sort(files.begin(), files.end());

  std::vector<Transcript> transcripts;
  for (const fs::path& file : files) {
    Transcript transcript = parse_transcript(read_file(file));
    transcript.capture = file.parent_path().filename().string();
    transcript.file = file.filename().string();
    transcripts.push_back(std::move(transcript));
  }
  return transcripts;
}

}  // namespace scaler::support
