#include "config/command_line.hpp"

#define CXXOPTS_NO_REGEX  // its regular expressions do not match a line break inside a value
#include <fmt/format.h>

#include <cxxopts.hpp>

#include "config/text.hpp"

// The only file that includes cxxopts; its exceptions end here.
namespace scaler::config {
namespace {

cxxopts::Options declare(const Table& table) {
  cxxopts::Options declared{std::string(table.command)};
  for (const Option& option : table.options) {
    if (option.positional) continue;
    declared.add_options()(std::string(option.name), "",
                           cxxopts::value<std::vector<std::string>>());
  }
  return declared;
}

Status add_positionals(const Table& table, const std::vector<std::string>& words,
                       std::vector<Given>& given) {
  auto option = table.options.begin();
  for (const std::string& word : words) {
    while (option != table.options.end() && !option->positional) ++option;
    if (option == table.options.end())
      return Error{Errc::usage, fmt::format("'{}' is one word too many (--help shows the usage)",
                                            printable(word))};
    given.push_back({&*option++, word});
  }
  return ok();
}

}  // namespace

Result<std::vector<Given>> read_command_line(const Table& table,
                                             const std::vector<std::string>& rewritten) try {
  std::vector<const char*> argv{table.command.data()};
  for (const std::string& word : rewritten) argv.push_back(word.c_str());
  const cxxopts::ParseResult parsed =
      declare(table).parse(static_cast<int>(argv.size()), argv.data());

  std::vector<Given> given;
  for (const cxxopts::KeyValue& pair : parsed.arguments())
    given.push_back({&option_named(table, pair.key()), pair.value()});
  SCALER_CHECK(add_positionals(table, parsed.unmatched(), given));
  return given;
} catch (const cxxopts::exceptions::exception& failure) {
  return Error{Errc::usage, failure.what()};
}

}  // namespace scaler::config
