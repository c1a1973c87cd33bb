// https://webidl.spec.whatwg.org/#idl-DOMException

test("construction", () => {
  const error = new DOMException("m", "NotFoundError");
  equal([error.name, error.message, error.code], ["NotFoundError", "m", 8]);
  equal(String(error), "NotFoundError: m");
  ok(error instanceof Error && error instanceof DOMException);
  equal(Object.prototype.toString.call(error), "[object DOMException]");
  equal([new DOMException().name, new DOMException().message, new DOMException().code], ["Error", "", 0]);
  equal(new DOMException(null, null).name, "null");
  equal(new DOMException("m", "NoSuchName").code, 0);
  equal(typeof error.stack, "string");
  ok(Error.isError(error));
  throws(TypeError, () => DOMException());
  equal(DOMException.length, 0);
});

test("names and their codes", () => {
  const codes = {
    IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5, NoModificationAllowedError: 7,
    NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11, SyntaxError: 12,
    InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18,
    NetworkError: 19, AbortError: 20, URLMismatchError: 21, TimeoutError: 23, InvalidNodeTypeError: 24, DataCloneError: 25,
    EncodingError: 0, NotReadableError: 0, UnknownError: 0, ConstraintError: 0, DataError: 0, TransactionInactiveError: 0,
    ReadOnlyError: 0, VersionError: 0, OperationError: 0, NotAllowedError: 0,
  };
  for (const name in codes) equal(new DOMException("", name).code, codes[name], name);
});

test("constants", () => {
  const constants = [
    "INDEX_SIZE_ERR", "DOMSTRING_SIZE_ERR", "HIERARCHY_REQUEST_ERR", "WRONG_DOCUMENT_ERR", "INVALID_CHARACTER_ERR",
    "NO_DATA_ALLOWED_ERR", "NO_MODIFICATION_ALLOWED_ERR", "NOT_FOUND_ERR", "NOT_SUPPORTED_ERR", "INUSE_ATTRIBUTE_ERR",
    "INVALID_STATE_ERR", "SYNTAX_ERR", "INVALID_MODIFICATION_ERR", "NAMESPACE_ERR", "INVALID_ACCESS_ERR", "VALIDATION_ERR",
    "TYPE_MISMATCH_ERR", "SECURITY_ERR", "NETWORK_ERR", "ABORT_ERR", "URL_MISMATCH_ERR", "QUOTA_EXCEEDED_ERR", "TIMEOUT_ERR",
    "INVALID_NODE_TYPE_ERR", "DATA_CLONE_ERR",
  ];
  for (const [index, name] of constants.entries()) {
    equal([DOMException[name], DOMException.prototype[name]], [index + 1, index + 1], name);
  }
  equal(Object.getOwnPropertyDescriptor(DOMException, "ABORT_ERR"), { value: 20, writable: false, enumerable: true, configurable: false });
});

test("QuotaExceededError", () => {
  const error = new QuotaExceededError("m", { quota: 1, requested: 2 });
  equal([error.name, error.code, error.quota, error.requested], ["QuotaExceededError", 22, 1, 2]);
  ok(error instanceof DOMException);
  equal(new QuotaExceededError().quota, null);
  throws(RangeError, () => new QuotaExceededError("", { quota: -1 }));
});
