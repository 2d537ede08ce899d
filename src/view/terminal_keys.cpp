#include "scaler/view/terminal_keys.hpp"

#include <optional>
#include <utility>

namespace scaler::view {
namespace {

constexpr char escape = '\x1b';
constexpr std::size_t pending_bytes_max = 32;  // no key's sequence is longer

std::optional<Key> key_of_letter(char final) {
  switch (final) {
    case 'A':
      return Key{KeyKind::up};
    case 'B':
      return Key{KeyKind::down};
    case 'F':
      return Key{KeyKind::end};
    case 'H':
      return Key{KeyKind::home};
    default:
      return std::nullopt;
  }
}

std::optional<Key> key_of_number(std::string_view number) {
  if (number == "1" || number == "7") return Key{KeyKind::home};
  if (number == "4" || number == "8") return Key{KeyKind::end};
  if (number == "5") return Key{KeyKind::page_up};
  if (number == "6") return Key{KeyKind::page_down};
  return std::nullopt;
}

// ECMA-48, 5.4: parameters and intermediates, then one final byte.
bool is_final(char letter) { return letter >= 0x40 && letter <= 0x7e; }

// The length of the sequence at the front, which begins with ESC; 0: more is to come.
std::size_t sequence_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (text[1] == 'O') return text.size() < 3 ? 0 : 3;
  if (text[1] != '[') return text[1] == escape ? 1 : 2;  // alone, or Alt and a letter
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (is_final(text[i])) return i + 1;
    if (static_cast<unsigned char>(text[i]) < 0x20) return i;  // broken off
  }
  return text.size() < pending_bytes_max ? 0 : text.size();
}

std::optional<Key> key_of_sequence(std::string_view text) {
  if (text.size() == 1) return Key{KeyKind::escape};
  if (text.back() == '~') return key_of_number(text.substr(2, text.size() - 3));
  return text.size() == 3 ? key_of_letter(text.back()) : std::nullopt;
}

std::optional<Key> key_of_byte(char letter) {
  switch (letter) {
    case '\r':
    case '\n':
      return Key{KeyKind::enter};
    case '\b':
    case '\x7f':
      return Key{KeyKind::backspace};
    case '\x0c':
      return Key{KeyKind::redraw};
    default:
      break;
  }
  if (static_cast<unsigned char>(letter) < 0x20) return std::nullopt;
  return Key{KeyKind::text, letter};
}

}  // namespace

std::vector<Key> KeyReader::read(std::string_view bytes) {
  std::vector<Key> keys;
  // What belongs to an Escape comes with it, or is a sequence on a slow line.
  const bool is_key = pending_.size() == 1 && !bytes.empty() && bytes[0] != '[' && bytes[0] != 'O';
  if (is_key) keys = flush();
  const std::string all = std::exchange(pending_, {}) + std::string(bytes);
  std::string_view rest = all;
  while (!rest.empty()) {
    const bool in_sequence = rest[0] == escape;
    const std::size_t length = in_sequence ? sequence_length(rest) : 1;
    if (length == 0) {
      pending_ = rest;
      break;
    }
    const auto key = in_sequence ? key_of_sequence(rest.substr(0, length)) : key_of_byte(rest[0]);
    if (key) keys.push_back(*key);
    rest.remove_prefix(length);
  }
  return keys;
}

std::vector<Key> KeyReader::flush() {
  const std::string held = std::exchange(pending_, {});
  if (held.empty()) return {};
  std::vector<Key> keys = {Key{KeyKind::escape}};
  if (held.size() > 1) keys.clear();  // a sequence that was broken off
  return keys;
}

}  // namespace scaler::view
