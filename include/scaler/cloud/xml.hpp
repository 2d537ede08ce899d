#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scaler/base/result.hpp"

namespace scaler::cloud {

// An element as the answers of AWS's Query interface have them: text or children. Attributes,
// comments and processing instructions are passed over; a document type is refused.
struct Xml {
  std::string name;
  std::string text;
  std::vector<Xml> children;

  // Bounded: at most 32 levels and 100,000 elements. The root element is given.
  static Result<Xml> parse(std::string_view text);

  const Xml* find(std::string_view child) const;  // the first of that name; null: none
  // The text at the end of "a/b/c", empty when there is none.
  std::string at(std::string_view path) const;
  // Calls fn(item) for each <item> or <member> of the list that the path leads to.
  template <class Fn>
  void each(std::string_view path, Fn fn) const {
    if (const Xml* list = walk(path))
      for (const Xml& child : list->children)
        if (child.name == "item" || child.name == "member") fn(child);
  }
  const Xml* walk(std::string_view path) const;
};

}  // namespace scaler::cloud
