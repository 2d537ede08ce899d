#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text as a terminal shows it: what counts is columns, not bytes. All of it is UTF-8 that
// display_text has passed.
namespace scaler::view {

std::size_t columns_of(std::string_view text);

// As much of the front as fits; a character of two columns is shown whole or not at all.
std::string_view fitting(std::string_view text, std::size_t columns);

// The whole text, or its front and a '+', in at most `columns`.
std::string cut(std::string_view text, std::size_t columns);

// An identity in at most `columns`: whole, or cut. Where only few columns are left, the word that
// all of its kind begin with is left out.
std::string cut_name(std::string_view name, std::size_t columns);

std::string right_aligned(std::string_view text, std::size_t columns);  // cut when too long

// For a terminal that does not understand UTF-8: a '?' for each column of what is not ASCII.
std::string to_ascii(std::string_view text);

}  // namespace scaler::view
