// Hashes that are the same on every machine and in every version: they key random numbers and name occurrences.
#pragma once

#include <cstdint>
#include <string_view>

#include "sojourn/core/customer_ids.hpp"

namespace sojourn {

/// The finaliser of splitmix64 (Steele, Lea & Flood 2014, OOPSLA): a bijection in which every bit of x touches every bit of the result.
constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

/// FNV-1a over the bytes, finished by `mix_bits`.
constexpr std::uint64_t stable_hash(std::string_view bytes) {
  std::uint64_t h = 0xCBF29CE484222325;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return mix_bits(h);
}

/// A customer's own 64 bits: a function of the id alone, whatever log it stands in.
inline std::uint64_t customer_key(const CustomerIds& ids, std::size_t i) {
  return ids.are_strings() ? stable_hash(ids.string(i)) : mix_bits(static_cast<std::uint64_t>(ids.integer(i)));
}

}  // namespace sojourn
