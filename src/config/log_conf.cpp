#include "config/log_conf.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

#include "config/text.hpp"

namespace scaler::config {
namespace {

struct ConfLine {
  unsigned number = 0;
  std::string value;
};

struct Section {
  unsigned number = 0;
  std::map<std::string, ConfLine, std::less<>> keys;
};

using Sections = std::map<std::string, Section, std::less<>>;

Error wrong(const std::string& file, unsigned line, std::string_view text) {
  return {Errc::usage, fmt::format("{}:{}: {}", file, line, text)};
}

Result<Sections> parse_ini(const std::string& file, std::string_view text) {
  Sections sections;
  Section* current = nullptr;
  unsigned number = 0;
  for (const std::string& whole : split_at(text, '\n')) {
    ++number;
    const std::string_view line = trimmed(whole);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      if (line.back() != ']') return wrong(file, number, "a section header without its ]");
      current = &sections[std::string(line.substr(1, line.size() - 2))];
      current->number = number;
      continue;
    }
    const std::size_t mark = line.find_first_of("=:");
    if (mark == std::string_view::npos || current == nullptr)
      return wrong(file, number, "neither a [section] nor a key=value in one");
    current->keys[std::string(trimmed(line.substr(0, mark)))] = {
        number, std::string(trimmed(line.substr(mark + 1)))};
  }
  return sections;
}

const ConfLine* find(const Sections& sections, std::string_view section, std::string_view key) {
  const auto found = sections.find(section);
  if (found == sections.end()) return nullptr;
  const auto line = found->second.keys.find(key);
  return line == found->second.keys.end() ? nullptr : &line->second;
}

Result<log::Level> level_of(const std::string& file, const ConfLine& line) {
  if (line.value == "DEBUG" || line.value == "NOTSET") return log::Level::debug;
  if (line.value == "INFO") return log::Level::info;
  if (line.value == "WARNING" || line.value == "WARN") return log::Level::warning;
  if (line.value == "ERROR") return log::Level::error;
  if (line.value == "CRITICAL" || line.value == "FATAL") return log::Level::critical;
  return wrong(file, line.number,
               fmt::format("level '{}' is not allowed (one of CRITICAL, ERROR, "
                           "WARNING, INFO, DEBUG, NOTSET)",
                           printable(line.value)));
}

// The text between the first two quotes of "('a.log', 'a')"; empty when there is none.
std::string first_string(std::string_view arguments) {
  const std::size_t open = arguments.find_first_of("'\"");
  if (open == std::string_view::npos) return {};
  const std::size_t close = arguments.find(arguments[open], open + 1);
  if (close == std::string_view::npos) return {};
  return std::string(arguments.substr(open + 1, close - open - 1));
}

class Reader {
 public:
  Reader(const std::string& file, const Sections& sections) : file_(file), sections_(sections) {}

  Result<LogConf> run() {
    if (!sections_.contains("logger_root"))
      return Error{Errc::usage, fmt::format("{}: no [logger_root] section", file_)};
    if (const ConfLine* level = find(sections_, "logger_root", "level")) {
      SCALER_TRY(parsed, level_of(file_, *level));
      conf_.level = parsed;
    }
    if (const ConfLine* handlers = find(sections_, "logger_root", "handlers"))
      for (const std::string& name : split_at(handlers->value, ','))
        if (!trimmed(name).empty())
          SCALER_CHECK(add_handler(std::string(trimmed(name)), *handlers));
    warn_of_other_loggers();
    return std::move(conf_);
  }

 private:
  Status add_handler(const std::string& name, const ConfLine& asked) {
    const std::string section = "handler_" + name;
    const ConfLine* kind = find(sections_, section, "class");
    if (kind == nullptr)
      return wrong(file_, asked.number, fmt::format("no class in [{}]", printable(section)));
    LogConf::Target target;
    target.path = path_of(section, *kind);
    if (target.path.empty()) return ok();
    if (const ConfLine* level = find(sections_, section, "level")) {
      SCALER_TRY(parsed, level_of(file_, *level));
      target.level = parsed;
    }
    if (const ConfLine* formatter = find(sections_, section, "formatter"); formatter != nullptr)
      target.pattern = pattern_of(*formatter);
    conf_.targets.push_back(std::move(target));
    return ok();
  }

  std::string path_of(const std::string& section, const ConfLine& kind) {
    const ConfLine* arguments = find(sections_, section, "args");
    const std::string text = arguments == nullptr ? "" : arguments->value;
    if (kind.value == "StreamHandler" || kind.value == "logging.StreamHandler")
      return text.find("stdout") != std::string::npos ? "/dev/stdout" : "/dev/stderr";
    if (kind.value.ends_with("FileHandler")) {
      if (!kind.value.ends_with("TimedRotatingFileHandler") &&
          kind.value.ends_with("RotatingFileHandler"))
        warn(kind.number, "files are set aside at midnight, not by size");
      std::string path = first_string(text);
      if (path.empty()) warn(kind.number, "a file handler whose args name no file, ignored");
      return path;
    }
    warn(kind.number,
         fmt::format("handler class {} is not supported, ignored", printable(kind.value)));
    return {};
  }

  std::optional<LogPattern> pattern_of(const ConfLine& formatter) {
    const std::string section = "formatter_" + formatter.value;
    const ConfLine* format = find(sections_, section, "format");
    if (format == nullptr || format->value.empty()) return LogPattern("%(message)s");
    const ConfLine* date = find(sections_, section, "datefmt");
    LogPattern pattern(format->value, date == nullptr ? "" : date->value);
    if (const std::string field = pattern.unknown_field(); !field.empty())
      warn(format->number,
           fmt::format("field {} is not known here and prints as -", printable(field)));
    return pattern;
  }

  void warn_of_other_loggers() {
    for (const auto& [name, section] : sections_)
      if (name.starts_with("logger_") && name != "logger_root")
        warn(section.number,
             fmt::format("[{}] is ignored, only the root logger counts", printable(name)));
  }

  void warn(unsigned line, std::string_view text) {
    conf_.warnings.push_back(fmt::format("{}:{}: {}", file_, line, text));
  }

  const std::string& file_;
  const Sections& sections_;
  LogConf conf_;
};

}  // namespace

Result<LogConf> parse_log_conf(const std::string& file, std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return Error{Errc::usage, fmt::format("{}: not a text file (it holds a zero byte)", file)};
  SCALER_TRY(sections, parse_ini(file, text));
  return Reader(file, sections).run();
}

}  // namespace scaler::config
