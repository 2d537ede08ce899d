#include "config/rewrite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "config/text.hpp"

namespace scaler::config {
namespace {

bool is_truth_word(std::string_view word) {
  return equal_ignoring_case(word, "true") || equal_ignoring_case(word, "false");
}

struct SplitWord {
  std::string_view dashes;  // "-" or "--"
  std::string_view name;
  std::optional<std::string_view> value;  // behind "="
};

SplitWord split(std::string_view word) {
  SplitWord parts;
  parts.dashes = word.starts_with("--") ? "--" : "-";
  parts.name = word.substr(parts.dashes.size());
  if (const std::size_t equals = parts.name.find('='); equals != std::string_view::npos) {
    parts.value = parts.name.substr(equals + 1);
    parts.name = parts.name.substr(0, equals);
  }
  return parts;
}

Match match_of(const Table& table, const SplitWord& parts) {
  return parts.dashes == "--" ? match_long(table, parts.name) : match_short(table, parts.name);
}

// One walk over the words. Owns nothing but the position.
class Pass {
 public:
  Pass(const Table& table, std::span<const std::string> words) : table_(table), words_(words) {}

  Result<Rewritten> run() {
    while (at_ < words_.size() && !out_.help) {
      const std::string& word = words_[at_++];
      if (word == "--") {
        positionals_.insert(positionals_.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_),
                            words_.end());
        break;
      }
      if (!looks_like_option(word)) {
        positionals_.push_back(word);
      } else {
        SCALER_CHECK(option(word));
      }
    }
    if (out_.help) return std::move(out_);
    out_.words.push_back("--");
    out_.words.insert(out_.words.end(), positionals_.begin(), positionals_.end());
    return std::move(out_);
  }

 private:
  Status option(const std::string& word) {
    if (word == "-h" || word == "--help") {
      out_.help = true;
      return ok();
    }
    const SplitWord parts = split(word);
    const Match match = match_of(table_, parts);
    if (match.option == nullptr) return unknown(parts, match);
    switch (match.option->type) {
      case Type::flag:
        return flag(*match.option, parts);
      case Type::words:
        return list(*match.option, parts);
      default:
        return one_value(*match.option, parts);
    }
  }

  Status flag(const Option& option, const SplitWord& parts) {
    if (parts.value) {
      emit(option, *parts.value);
    } else if (at_ < words_.size() && is_truth_word(words_[at_])) {
      emit(option, words_[at_++]);
    } else {
      emit(option, "true");
    }
    return ok();
  }

  Status list(const Option& option, const SplitWord& parts) {
    if (parts.value) {
      emit(option, *parts.value);
      return ok();
    }
    const std::size_t first = at_;
    while (at_ < words_.size() && !looks_like_option(words_[at_])) emit(option, words_[at_++]);
    if (at_ == first) emit(option, "");
    return ok();
  }

  Status one_value(const Option& option, const SplitWord& parts) {
    if (parts.value) {
      emit(option, *parts.value);
      return ok();
    }
    if (at_ == words_.size() || looks_like_option(words_[at_]))
      return Error{Errc::usage, fmt::format("{}: a value is missing ({})", shown_name(option),
                                            expectation(option))};
    emit(option, words_[at_++]);
    return ok();
  }

  Error unknown(const SplitWord& parts, const Match& match) const {
    if (match.candidates.size() > 1)
      return {Errc::usage, fmt::format("{}{} is ambiguous: {}", parts.dashes, printable(parts.name),
                                       fmt::join(match.candidates, ", "))};
    const std::string close = nearest_option(table_, parts.name);
    return {Errc::usage,
            fmt::format("unknown option {}{} ({})", parts.dashes, printable(parts.name),
                        close.empty() ? "--help lists them all"
                                      : fmt::format("did you mean --{}?", close))};
  }

  void emit(const Option& option, std::string_view value) {
    out_.words.push_back(fmt::format("--{}={}", option.name, value));
  }

  const Table& table_;
  std::span<const std::string> words_;
  std::size_t at_ = 0;
  std::vector<std::string> positionals_;
  Rewritten out_;
};

// The option of any of the tables that this word names, when all that know it agree on its shape.
const Option* option_in_any(std::span<const Table> tables, const SplitWord& parts) {
  for (const Table& table : tables)
    if (const Match match = match_of(table, parts); match.option != nullptr) return match.option;
  return nullptr;
}

}  // namespace

bool looks_like_option(std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return false;
  const bool number = word.find_first_not_of("0123456789.", 1) == std::string_view::npos;
  if (number) return word == "--";
  return word.substr(0, word.find('=')).find(' ') == std::string_view::npos;
}

Result<Rewritten> rewrite(const Table& table, std::span<const std::string> words) {
  return Pass(table, words).run();
}

std::string take_kind(std::span<const Table> tables, std::vector<std::string>& words) {
  const auto is_kind = [&](const std::string& word) {
    return std::any_of(tables.begin(), tables.end(),
                       [&](const Table& table) { return table.kind == word; });
  };
  std::string unknown;
  for (std::size_t at = 0; at < words.size() && words[at] != "--"; ++at) {
    if (looks_like_option(words[at])) {
      const SplitWord parts = split(words[at]);
      const Option* option = option_in_any(tables, parts);
      if (option == nullptr || parts.value || option->type == Type::flag) continue;
      if (option->type != Type::words) {
        if (at + 1 < words.size() && !looks_like_option(words[at + 1])) ++at;
        continue;
      }
      while (at + 1 < words.size() && !looks_like_option(words[at + 1])) ++at;
      continue;
    }
    if (is_kind(words[at])) {
      std::string kind = std::move(words[at]);
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
      return kind;
    }
    if (unknown.empty() && words[at].find("://") == std::string::npos) unknown = words[at];
  }
  return unknown;
}

}  // namespace scaler::config
