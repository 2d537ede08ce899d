#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "embed/cpython/zygote.hpp"

namespace scaler::embed {

namespace {

template <class Number>
Status read_number(std::string_view name, std::string_view value, Number& into) {
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), into);
  if (fault != std::errc{} || end != value.data() + value.size())
    return Error{Errc::usage, fmt::format("{}: not a number in range: {}", name, value)};
  return ok();
}

Status read_option(std::string_view name, const char* value, ZygoteOptions& options) {
  if (name == "--control-fd") return read_number(name, value, options.control_fd);
  if (name == "--gc-seconds") return read_number(name, value, options.gc_seconds);
  if (name == "--trim-bytes") return read_number(name, value, options.trim_bytes);
  if (name == "--memory-limit") return read_number(name, value, options.memory_limit);
  if (name == "--cpu-limit") return read_number(name, value, options.cpu_limit);
  if (name == "--log-path") {
    options.log_paths.emplace_back(value);
    return ok();
  }
  const std::pair<std::string_view, std::string*> texts[] = {
      {"--worker-id", &options.worker_id},
      {"--scheduler-address", &options.scheduler_address},
      {"--object-storage-address", &options.object_storage_address},
      {"--preload", &options.preload},
      {"--python-env", &options.python_env},
      {"--python", &options.python},
      {"--log-level", &options.log_level}};
  for (const auto& [known, field] : texts) {
    if (known != name) continue;
    *field = value;
    return ok();
  }
  return Error{Errc::usage, fmt::format("unknown option {}", name)};
}

}  // namespace

Result<ZygoteOptions> parse_zygote_options(int argc, const char* const* argv) {
  ZygoteOptions options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return Error{Errc::usage, fmt::format("{} needs a value", argv[i])};
    SCALER_CHECK(read_option(argv[i], argv[i + 1], options));
  }
  if (options.control_fd < 0) return Error{Errc::usage, "--control-fd is required"};
  return options;
}

std::vector<std::string> zygote_arguments(const ZygoteOptions& options) {
  std::vector<std::string> arguments = {"--control-fd", std::to_string(options.control_fd),
                                        "--gc-seconds", std::to_string(options.gc_seconds),
                                        "--trim-bytes", std::to_string(options.trim_bytes),
                                        "--log-level",  options.log_level};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {name, value});
  };
  if (options.memory_limit > 0) add("--memory-limit", std::to_string(options.memory_limit));
  if (options.cpu_limit > 0) add("--cpu-limit", std::to_string(options.cpu_limit));
  add("--worker-id", options.worker_id);
  add("--scheduler-address", options.scheduler_address);
  add("--object-storage-address", options.object_storage_address);
  add("--preload", options.preload);
  add("--python-env", options.python_env);
  add("--python", options.python);
  for (const std::string& path : options.log_paths) add("--log-path", path);
  return arguments;
}

}  // namespace scaler::embed
