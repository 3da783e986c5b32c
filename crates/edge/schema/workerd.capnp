# The part of workerd's configuration that Coffer writes.
#
# Cap'n Proto lays a message out by ordinal and size alone, so this declares the fields in use by their own
# names and types, and keeps the place of the others with a field of the same size (`unused…`). Fields beyond
# the last one in use are left out, which the encoding allows.
#
# After a change, regenerate src/workerd_capnp.rs:
#   capnp compile -orust:src --src-prefix=schema schema/workerd.capnp    (capnp 0.9 or later, capnpc 0.27)
@0xb2c1f0a55e1d7a43;

struct Config {
  services @0 :List(Service);
  sockets @1 :List(Socket);
  v8Flags @2 :List(Text);
  extensions @3 :List(Extension);
  unusedAutogates @4 :AnyPointer;
  unusedStructuredLogging @5 :Bool;
  logging @6 :LoggingOptions;
}

struct LoggingOptions {
  structuredLogging @0 :Bool;
}

struct Socket {
  name @0 :Text;
  address @1 :Text;
  union {
    http @2 :HttpOptions;
    https :group {
      unusedOptions @3 :AnyPointer;
      unusedTls @4 :AnyPointer;
    }
  }
  service @5 :ServiceDesignator;
}

struct ServiceDesignator {
  name @0 :Text;
}

struct Service {
  name @0 :Text;
  union {
    unspecified @1 :Void;
    worker @2 :Worker;
    network @3 :Network;
    external @4 :ExternalServer;
    disk @5 :DiskDirectory;
  }
}

struct Worker {
  union {
    modules @0 :List(Module);
    serviceWorkerScript @1 :Text;
    unusedInherit @2 :Text;
  }
  struct Module {
    name @0 :Text;
    union {
      esModule @1 :Text;
      commonJsModule @2 :Text;
      text @3 :Text;
      data @4 :Data;
      wasm @5 :Data;
      json @6 :Text;
    }
  }
  compatibilityDate @3 :Text;
  compatibilityFlags @4 :List(Text);
  bindings @5 :List(Binding);
  globalOutbound @6 :ServiceDesignator;
  unusedCacheApiOutbound @11 :AnyPointer;
  unusedDurableObjectNamespaces @7 :AnyPointer;
  unusedDurableObjectUniqueKeyModifier @8 :Text;
  unusedDurableObjectStorage :union {
    none @9 :Void;
    inMemory @10 :Void;
    localDisk @12 :Text;
  }
  unusedModuleFallback @13 :Text;
  tails @14 :List(ServiceDesignator);

  struct Binding {
    name @0 :Text;
    union {
      unspecified @1 :Void;
      unusedParameter :group {
        type @2 :AnyPointer;
        optional @3 :Bool;
      }
      text @4 :Text;
      data @5 :Data;
      json @6 :Text;
      wasmModule @7 :Data;
      cryptoKey @8 :CryptoKey;
      service @9 :ServiceDesignator;
      unusedDurableObjectNamespace @10 :AnyPointer;
      unusedKvNamespace @11 :AnyPointer;
      unusedR2Bucket @12 :AnyPointer;
      unusedObsolete @13 :AnyPointer;
      wrapped @14 :WrappedBinding;
    }
  }

  struct CryptoKey {
    union {
      unusedRaw @0 :Data;
      unusedHex @1 :Text;
      base64 @2 :Text;
      pkcs8 @3 :Text;
      spki @4 :Text;
      jwk @5 :Text;
    }
    algorithm :union {
      name @6 :Text;
      json @7 :Text;
    }
    extractable @8 :Bool = false;
    usages @9 :List(Usage);
    enum Usage {
      encrypt @0;
      decrypt @1;
      sign @2;
      verify @3;
      deriveKey @4;
      deriveBits @5;
      wrapKey @6;
      unwrapKey @7;
    }
  }

  struct WrappedBinding {
    moduleName @0 :Text;
    entrypoint @1 :Text = "default";
    innerBindings @2 :List(Binding);
  }
}

struct ExternalServer {
  address @0 :Text;
  union {
    http @1 :HttpOptions;
    https :group {
      unusedOptions @2 :AnyPointer;
      unusedTls @3 :AnyPointer;
      unusedCertificateHost @4 :Text;
    }
  }
}

struct Network {
  allow @0 :List(Text);
  deny @1 :List(Text);
  tlsOptions @2 :TlsOptions;
}

struct TlsOptions {
  unusedKeypair @0 :AnyPointer;
  requireClientCerts @1 :Bool;
  trustBrowserCas @2 :Bool;
}

struct DiskDirectory {
  path @0 :Text;
}

struct HttpOptions {
  style @0 :Style;
  enum Style {
    host @0;
    proxy @1;
  }
  forwardedProtoHeader @1 :Text;
  cfBlobHeader @2 :Text;
  injectRequestHeaders @3 :List(Header);
  struct Header {
    name @0 :Text;
    value @1 :Text;
  }
}

struct Extension {
  modules @0 :List(Module);
  struct Module {
    name @0 :Text;
    internal @1 :Bool;
    esModule @2 :Text;
  }
}
