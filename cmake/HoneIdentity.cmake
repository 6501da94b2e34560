# The identity of a build: version, git commit, and a hash of what decides how
# kernels compute and how fast (their sources, the compiler and its flags).
execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE HONE_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT HONE_COMMIT)
  set(HONE_COMMIT unknown)
endif()

file(GLOB_RECURSE hone_kernel_sources CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
     ${PROJECT_SOURCE_DIR}/kernels/*.c ${PROJECT_SOURCE_DIR}/kernels/*.h
     ${PROJECT_SOURCE_DIR}/kernels/*.def ${PROJECT_SOURCE_DIR}/kernels/*.in
     ${PROJECT_SOURCE_DIR}/kernels/*.cl)
list(SORT hone_kernel_sources)
string(TOUPPER "${CMAKE_BUILD_TYPE}" hone_build_type)
set(HONE_FLAGS "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${hone_build_type}}")
string(STRIP "${HONE_FLAGS}" HONE_FLAGS)
set(hone_identity "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION} ${HONE_FLAGS} ${HONE_SANITIZE}")
foreach(file IN LISTS hone_kernel_sources)
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(SHA256 ${PROJECT_SOURCE_DIR}/${file} hash)
  string(APPEND hone_identity "\n${file} ${hash}")
endforeach()
string(SHA256 hone_identity_hash "${hone_identity}")
string(SUBSTRING ${hone_identity_hash} 0 12 HONE_KERNEL_HASH)
set(HONE_BUILD_ID "${PROJECT_VERSION}+${HONE_KERNEL_HASH}")

file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/hone_identity.h CONTENT [[
/* Generated: what this build is. */
#define HONE_VERSION_TEXT "@PROJECT_VERSION@"
#define HONE_BUILD_ID_TEXT "@HONE_BUILD_ID@"
#define HONE_COMMIT_TEXT "@HONE_COMMIT@"
#define HONE_COMPILER_TEXT "@CMAKE_C_COMPILER_ID@ @CMAKE_C_COMPILER_VERSION@"
#define HONE_FLAGS_TEXT "@HONE_FLAGS@"
]] @ONLY)
