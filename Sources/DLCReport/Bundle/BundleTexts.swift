import CDLC
import DLCTensor

/// The files of a bundle that are text.
struct BundleTexts {
  let model: LoadedModel
  let target: BundleTarget
  let libraries: [String]

  /// Names and contents.
  var files: [(String, String)] {
    [
      ("main.c", main), ("CMakeLists.txt", cmake), ("dlc-config.cmake", config), ("dlc.pc", packageConfig),
      ("README", readme),
    ]
  }

  /// The plan as a C array: dlc_model_plan, dlc_model_plan_bytes.
  func planArray(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 4 + 512)
    text += Array(
      """
      // The plan in memory: dlc_program_open_memory(dlc_model_plan, dlc_model_plan_bytes, &program).
      #include <stddef.h>

      #if defined(__cplusplus)
      extern "C" {
      #endif
      extern const unsigned char dlc_model_plan[];
      extern const size_t dlc_model_plan_bytes;
      #if defined(__cplusplus)
      }
      #endif

      const size_t dlc_model_plan_bytes = \(bytes.count);
      __attribute__((aligned(64))) const unsigned char dlc_model_plan[\(bytes.count)] = {

      """.utf8)
    for (k, byte) in bytes.enumerated() {
      if byte >= 100 { text.append(48 + byte / 100) }
      if byte >= 10 { text.append(48 + byte / 10 % 10) }
      text.append(48 + byte % 10)
      text.append(44)
      if k % 32 == 31 { text.append(10) }
    }
    return text + Array("};\n".utf8)
  }

  private var ports: String {
    (model.inputs.map { "input  \($0)" } + model.outputs.map { "output \($0)" })
      .map { "//   " + $0.replacing("\\", with: "?") }.joined(separator: "\n")
  }

  private var main: String {
    """
    // Runs the plan once and prints what comes out: ./main [PLAN] [INPUT.raw ...], each input's elements as they lie in
    // memory; zeros without. -DDLC_EMBEDDED_PLAN and model_plan.c on the command line: the plan is part of the program.
    //
    \(ports)
    #include <stdio.h>
    #include <string.h>

    #include "dlc.h"

    #ifdef DLC_EMBEDDED_PLAN
    extern const unsigned char dlc_model_plan[];
    extern const size_t dlc_model_plan_bytes;
    #endif

    static int fail(const char *what) {
      fprintf(stderr, "%s: %s\\n", what, dlc_last_error());
      return 1;
    }

    static int read_input(const char *path, void *to, size_t bytes) {
      FILE *file = fopen(path, "rb");
      size_t count = file ? fread(to, 1, bytes, file) : 0;
      if (file) fclose(file);
      if (count != bytes) fprintf(stderr, "%s: expected %zu bytes, found %zu\\n", path, bytes, count);
      return count == bytes ? 0 : -1;
    }

    static double element(const dlc_port *port, const void *data, size_t k) {
      double q;
      switch (port->element) {
      case DLC_ELEMENT_FLOAT32: return ((const float *)data)[k];
      case DLC_ELEMENT_FLOAT64: return ((const double *)data)[k];
      case DLC_ELEMENT_INT64: q = (double)((const int64_t *)data)[k]; break;
      case DLC_ELEMENT_INT32: q = ((const int32_t *)data)[k]; break;
      case DLC_ELEMENT_INT8: q = ((const int8_t *)data)[k]; break;
      default: q = ((const uint8_t *)data)[k]; break;
      }
      if (port->quantization.count == 1)
        q = (q - (port->quantization.zeros ? port->quantization.zeros[0] : 0)) * port->quantization.scales[0];
      return q;
    }

    static size_t element_bytes(const dlc_port *port) {
      size_t count = 1;
      for (int32_t axis = 0; axis < port->rank; axis++) count *= (size_t)port->dims[axis];
      return count ? port->bytes / count : 1;
    }

    int main(int count, char **arguments) {
      dlc_program *program;
      dlc_session *session;
      dlc_info info;
      dlc_port port;
    #ifdef DLC_EMBEDDED_PLAN
      if (dlc_program_open_memory(dlc_model_plan, dlc_model_plan_bytes, &program)) return fail("the plan");
      int argument = 1;
    #else
      const char *path = count > 1 ? arguments[1] : "model.plan";
      if (dlc_program_open(path, &program)) return fail(path);
      int argument = 2;
    #endif
      if (dlc_session_create(program, 1, &session)) return fail("the session");
      dlc_program_info(program, &info);
      for (uint32_t k = 0; k < info.inputs; k++) {
        dlc_program_input(program, k, &port);
        memset(dlc_session_input(session, k), 0, port.bytes);
        if (argument < count && read_input(arguments[argument++], dlc_session_input(session, k), port.bytes)) return 1;
      }
      if (dlc_session_run(session)) return fail("the run");
      for (uint32_t k = 0; k < info.outputs; k++) {
        dlc_program_output(program, k, &port);
        size_t elements = port.bytes / element_bytes(&port);
        printf("%s:", port.name);
        for (size_t i = 0; i < elements && i < 16; i++) printf(" %.9g", element(&port, dlc_session_output(session, k), i));
        printf(elements > 16 ? " ... (%zu)\\n" : "\\n", elements);
      }
      dlc_session_destroy(session);
      dlc_program_close(program);
      return 0;
    }

    """
  }

  private var cmake: String {
    """
    # The sample: cmake -B build && cmake --build build. In a project of yours: find_package(dlc REQUIRED PATHS this folder).
    cmake_minimum_required(VERSION 3.13)
    project(dlc_sample C)
    find_package(dlc REQUIRED CONFIG PATHS ${CMAKE_CURRENT_SOURCE_DIR} NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
    add_executable(main main.c)
    target_link_libraries(main PRIVATE dlc::dlc)

    """
  }

  private var config: String {
    """
    # find_package(dlc CONFIG): the imported target dlc::dlc, and dlc_PLAN, the plan's file.
    get_filename_component(dlc_FOLDER "${CMAKE_CURRENT_LIST_DIR}" ABSOLUTE)
    set(dlc_PLAN "${dlc_FOLDER}/model.plan")
    if(NOT TARGET dlc::dlc)
      add_library(dlc::dlc STATIC IMPORTED)
      set_target_properties(dlc::dlc PROPERTIES
        IMPORTED_LOCATION "${dlc_FOLDER}/libdlc.a"
        INTERFACE_INCLUDE_DIRECTORIES "${dlc_FOLDER}"
        INTERFACE_LINK_LIBRARIES "\(libraries.map { String($0.dropFirst(2)) }.joined(separator: ";"))")
    endif()

    """
  }

  private var packageConfig: String {
    """
    prefix=${pcfiledir}

    Name: dlc
    Description: dlc runtime with the kernels of one plan
    Version: \(String(cString: dlc_version()))
    Cflags: -I${prefix}
    Libs: -L${prefix} -ldlc \(libraries.joined(separator: " "))

    """
  }

  private var readme: String {
    """
    What runs model.plan on \(target.rawValue), and nothing else.

    model.plan        the network; model_plan.c has the same bytes as a C array
    dlc.h, libdlc.a   the runtime with the kernels, element types and instruction sets that this plan uses
    dlc_preprocess.h  from the pixels of an image to a network's input; linked only where it is called
    main.c            a program that runs the plan once

        \(target.compiler) main.c -L. -ldlc \(libraries.joined(separator: " "))\(libraries.isEmpty ? "" : " ")-o main
        ./main model.plan

    CMake: find_package(dlc CONFIG PATHS this-folder), then link dlc::dlc. pkg-config: PKG_CONFIG_PATH=this-folder.
    -ffunction-sections on your side and -Wl,--gc-sections leave out functions of dlc.h that you do not call.
    The library opens other plans too, when they need no more than this one; it says what is missing otherwise.

    """
  }
}
