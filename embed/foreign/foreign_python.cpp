#include "embed/foreign/foreign_python.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "embed/carried/carried.hpp"
#include "scaler/base/bytes.hpp"

namespace scaler::embed {

namespace {

constexpr int lowest_descriptor = 10;  // out of the way of the control socket

Error system_error(std::string_view doing) {
  return {Errc::system, fmt::format("{}: {}", doing, std::strerror(errno))};
}

// A memory file that survives exec, with this content.
Result<int> memory_file(const char* name, std::string_view content) {
  const int made = memfd_create(name, MFD_CLOEXEC);
  if (made < 0) return system_error("memfd_create");
  const int descriptor = fcntl(made, F_DUPFD, lowest_descriptor);  // without FD_CLOEXEC
  close(made);
  if (descriptor < 0) return system_error("fcntl");
  while (!content.empty()) {
    const ssize_t wrote = write(descriptor, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error("writing a memory file");
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return descriptor;
}

void append_number(std::string& archive, std::size_t value) {
  std::byte bytes[4];
  store_le32(bytes, static_cast<std::uint32_t>(value));
  archive.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
}

// As scaler_foreign.py reads it: for each module the lengths of name and source, whether it is a
// package, the name, the source. Numbers have 32 bits, little-endian.
std::string carried_archive() {
  std::string archive;
  for (const CarriedModule& module : carried_modules()) {
    append_number(archive, module.name.size());
    append_number(archive, module.source.size());
    append_number(archive, module.is_package ? 1 : 0);
    archive += module.name;
    archive += module.source;
  }
  return archive;
}

}  // namespace

Error become_foreign_zygote(const ZygoteOptions& options) {
  const std::string module = foreign_module_file();
  if (module.empty())
    return {Errc::usage, "--python: this build carries no module for other interpreters"};
  const CarriedModule* start = find_carried("scaler_foreign");
  SCALER_ASSERT(start != nullptr, "scaler_foreign.py is not carried");
  const Result<int> native = memory_file("_scaler_native", module);
  if (!native) return native.error();
  const Result<int> archive = memory_file("scaler_carried", carried_archive());
  if (!archive) return archive.error();

  ZygoteOptions inner = options;
  inner.python.clear();
  std::vector<std::string> words = {options.python,
                                    "-c",
                                    std::string(start->source),
                                    std::to_string(options.control_fd),
                                    std::to_string(*native),
                                    std::to_string(*archive)};
  for (std::string& word : zygote_arguments(inner)) words.push_back(std::move(word));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(options.python.c_str(), argv.data());
  return {Errc::usage, fmt::format("--python {}: {}", options.python, std::strerror(errno))};
}

}  // namespace scaler::embed
