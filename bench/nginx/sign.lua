-- Signs requests with ed25519: libcrypto does the cryptography, called through
-- LuaJIT's FFI. nginx itself is linked to libcrypto.
local ffi = require "ffi"
local C = ffi.C

ffi.cdef [[
typedef struct bio_st BIO;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_ctx_st EVP_MD_CTX;
BIO *BIO_new_mem_buf(const void *buf, int len);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bp, EVP_PKEY **x, void *cb, void *u);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_DigestSignInit(EVP_MD_CTX *ctx, void **pctx, const void *type, void *e, EVP_PKEY *pkey);
int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *siglen, const char *tbs, size_t tbslen);
unsigned char *SHA256(const char *d, size_t n, unsigned char *md);
]]

local M = {}

function M.new(key_file, upstream)
  local f = assert(io.open(key_file))
  local pem = f:read("*a")
  f:close()
  local key = C.PEM_read_bio_PrivateKey(C.BIO_new_mem_buf(pem, #pem), nil, nil, nil)
  local ctx, sig, sig_len, sum = C.EVP_MD_CTX_new(), ffi.new("unsigned char[64]"), ffi.new("size_t[1]"), ffi.new("unsigned char[32]")
  assert(key ~= nil and ctx ~= nil, "no key in " .. key_file)
  local authorization = "Bearer " .. os.getenv("BENCH_TOKEN")
  local set_header, base64 = ngx.req.set_header, ngx.encode_base64

  return function()
    ngx.req.read_body()
    local method, body = ngx.req.get_method(), ngx.req.get_body_data()
    local base = '"@method": ' .. method .. '\n"@target-uri": ' .. upstream .. ngx.var.request_uri
      .. '\n"authorization": ' .. authorization
    local covered = '("@method" "@target-uri" "authorization"'
    set_header("Authorization", authorization)
    if body then
      C.SHA256(body, #body, sum)
      local digest = "sha-256=:" .. base64(ffi.string(sum, 32)) .. ":"
      set_header("Content-Digest", digest)
      base, covered = base .. '\n"content-digest": ' .. digest, covered .. ' "content-digest"'
    end
    if method == "POST" then
      local id = ngx.var.request_id -- 16 random bytes
      local key = id:sub(1, 8) .. "-" .. id:sub(9, 12) .. "-4" .. id:sub(14, 16) .. "-a" .. id:sub(18, 20) .. "-" .. id:sub(21)
      set_header("Idempotency-Key", key)
      base, covered = base .. '\n"idempotency-key": ' .. key, covered .. ' "idempotency-key"'
    end
    local params = covered .. ");created=" .. ngx.time() .. ';keyid="bench";alg="ed25519"'
    base = base .. '\n"@signature-params": ' .. params
    sig_len[0] = 64
    if C.EVP_DigestSignInit(ctx, nil, nil, nil, key) ~= 1 or C.EVP_DigestSign(ctx, sig, sig_len, base, #base) ~= 1 then
      return ngx.exit(500)
    end
    set_header("Signature-Input", "sig1=" .. params)
    set_header("Signature", "sig1=:" .. base64(ffi.string(sig, 64)) .. ":")
  end
end

return M
