#include "agent/pickle.hpp"

#include <cstdint>

namespace scaler::agent {

namespace {

// Opcodes, as Python's Lib/pickletools.py names them.
constexpr char proto = '\x80';
constexpr char short_binunicode = '\x8c';  // one byte of length
constexpr char binunicode = 'X';           // four bytes of length, little-endian
constexpr char stack_global = '\x93';      // module, name -> the class
constexpr char tuple1 = '\x85';
constexpr char reduce = 'R';  // class, arguments -> class(*arguments)
constexpr char stop = '.';

constexpr char protocol = 4;  // STACK_GLOBAL came with it

void put(Buffer& out, char opcode) { out.append(as_bytes(std::string_view(&opcode, 1))); }

void put_text(Buffer& out, std::string_view text) {
  if (text.size() < 256) {
    put(out, short_binunicode);
    put(out, static_cast<char>(text.size()));
  } else {
    put(out, binunicode);
    std::byte length[4];
    store_le32(length, static_cast<std::uint32_t>(text.size()));
    out.append(length);
  }
  out.append(as_bytes(text));
}

}  // namespace

Bytes pickle_exception(std::string_view module, std::string_view name, std::string_view text) {
  Buffer out(module.size() + name.size() + text.size() + 32);
  put(out, proto);
  put(out, protocol);
  put_text(out, module);
  put_text(out, name);
  put(out, stack_global);
  put_text(out, text);
  put(out, tuple1);
  put(out, reduce);
  put(out, stop);
  return std::move(out).freeze();
}

}  // namespace scaler::agent
