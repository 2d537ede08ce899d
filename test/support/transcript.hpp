#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scaler/base/bytes.hpp"

// Recorded sessions of the peers (test/golden/README.md) and the messages inside them. Written
// apart from the sessions under test, so that neither can hide the other's mistake.
namespace scaler::support {

enum class Framing { zmtp, ymq, websocket, old_store };

// What one side of one connection sent.
struct Transcript {
  std::string capture;  // "2.0.9-client-submit"
  std::string file;     // "client-scheduler-c2s.bin"
  Framing framing = Framing::zmtp;
  Bytes identity;               // ZMTP: of the READY command, empty for PUB and SUB
  std::vector<Bytes> messages;  // without greetings and commands

  std::string name() const { return capture + "/" + file; }
  bool is_of(const std::string& version) const { return capture.starts_with(version); }
};

// The bytes of a recorded file, as they were sent. Throws std::runtime_error if it cannot be read.
Bytes read_file(const std::filesystem::path& path);

// The bytes of one side of a session, taken apart. The framing is told by the first bytes.
// Throws std::runtime_error when they do not end with a whole frame.
Transcript parse_transcript(ByteView session);

// Every *.bin below test/golden whose folder's name contains `part`, in order of name.
// Throws std::runtime_error if there is none.
std::vector<Transcript> golden_transcripts(const std::string& part = "");

}  // namespace scaler::support
