#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Keys as a terminal sends them.
namespace scaler::view {

enum class KeyKind : std::uint8_t {
  text,  // one byte of it
  up,
  down,
  page_up,
  page_down,
  home,
  end,
  enter,
  backspace,
  escape,
  redraw  // Ctrl-L
};

struct Key {
  KeyKind kind = KeyKind::text;
  char letter = 0;  // of kind text
  friend bool operator==(const Key&, const Key&) = default;
};

// Bytes in, keys out. Sequences of keys that mean nothing here are swallowed whole.
class KeyReader {
 public:
  std::vector<Key> read(std::string_view bytes);
  // What has come may be an Escape, or the beginning of a sequence: ask again, and if nothing
  // follows within a moment, call flush.
  bool waits() const { return !pending_.empty(); }
  std::vector<Key> flush();

 private:
  std::string pending_;  // begins with ESC; at most pending_bytes_max
};

}  // namespace scaler::view
