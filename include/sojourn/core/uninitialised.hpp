// Vectors whose resize leaves new elements uninitialised: std::vector would write every page once, on one thread, before the work begins.
#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace sojourn {

/// Constructs what is given nothing to be constructed from by leaving it as it is.
template <class T>
struct UninitialisedAllocator : std::allocator<T> {
  static_assert(std::is_trivially_default_constructible_v<T>);
  template <class U>
  struct rebind {
    using other = UninitialisedAllocator<U>;
  };

  using std::allocator<T>::allocator;
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    std::construct_at(at, std::forward<Args>(args)...);
  }
};

/// To be resized, then filled whole.
template <class T>
using UninitialisedVector = std::vector<T, UninitialisedAllocator<T>>;

}  // namespace sojourn
