package e2e

// leakSite is every directive, and every line that holds a secret or makes one.
// A second site, at [[.ProxyPort]], is for applications that keep their URLs.
const leakSite = `
tracing {
	span leak-{http.request.method}
}
partnersign_health /readyz

handle_path /all/* {
	partner_proxy [[.Partner]] {
		name all
		client_auth [[env "client_auth"]]
		allow * /**
		max_body 1KiB
		idempotency_key
		content_digest sha-256 sha-512
		bearer [[env "bearer"]]
		header X-File [[file "header in a file"]]
		header X-Env "id [[env "header"]]"
		json_field /secret [[env "json_field"]] {
			require
			on POST /ok /status/* /drop
		}
		retry {
			status 503
			attempts 2
			backoff 1ms 1ms
		}
		[[range .Signatures]]
		signature [[.Label]] {
			key [[.Key]]
			algorithm [[.Algorithm]]
			key_id [[.Label]]
			components @method @target-uri authorization x-env
			parameters created nonce keyid alg
		}
		[[end]]
		transport http {
			tls_trust_pool file [[path "ca.pem"]]
			tls_client_auth [[path "client.pem"]] [[.ClientKey]]
		}
	}
}
handle_path /one/* {
	partner_proxy [[.Partner]] {
		name one
		bearer [[file "one bearer"]]
		header X-Required [[file "one header"]]
		content_digest
		idempotency_key
		timeout 20s
		signature {
			key [[pem "the key of one" "ed25519"]]
			key_id one
			components authorization content-type?
			parameters created nonce keyid alg
		}
		[[.Trust]]
	}
}
handle_path /impatient/* {
	partner_proxy [[.Partner]] {
		bearer [[env "impatient bearer"]]
		timeout 300ms
		[[.Trust]]
	}
}
handle_path /component/* {
	partner_proxy [[.Partner]] {
		bearer [[env "component bearer"]]
		signature {
			key [[pem "the key of component" "ecdsa-p256-sha256"]]
			key_id component
			components authorization x-missing
		}
		[[.Trust]]
	}
}
handle_path /quoted/* {
	partner_proxy [[.Partner]] {
		bearer [[env "a bearer that is quoted"]]
		[[.Trust]]
	}
}
handle_path /basic/* {
	partner_proxy [[.Partner]] {
		name basic
		basic_auth [[env "basic_auth user"]] [[env "basic_auth password"]]
		allow GET /ok
		[[.Trust]]
	}
}
handle_path /fixed/* {
	partner_proxy [[.Partner]] {
		name fixed
		bearer {file.[[path "a JWT"]]} {
			jwt
		}
		[[.Trust]]
	}
}
handle_path /untrusted/* {
	partner_proxy [[.Partner]] {
		bearer [[env "untrusted bearer"]]
		transport http {
			tls_trust_pool file [[path "other-ca.pem"]]
		}
	}
}
handle_path /gone/* {
	partner_proxy https://[[.Nobody]] {
		bearer [[env "gone bearer"]]
	}
}
handle_path /oauth2/* {
	partner_proxy [[.Partner]] {
		name oauth2
		content_digest
		bearer oauth2 [[.Tokens]]/token/good {
			client_id "[[env "oauth2 client_id"]]"
			client_secret [[env "oauth2 client_secret"]]
			audience "[[env "oauth2 audience"]]"
			param resource "[[env "oauth2 param"]]"
		}
		[[.Trust]]
	}
}
handle_path /oauth2body/* {
	partner_proxy [[.Partner]] {
		name oauth2body
		bearer oauth2 [[.Tokens]]/token/good {
			client_id a
			client_secret [[file "oauth2 client_secret in the body"]]
			auth_style body
		}
		[[.Trust]]
	}
}
handle_path /oauth2key/* {
	partner_proxy [[.Partner]] {
		name oauth2key
		bearer oauth2 [[.Tokens]]/token/good {
			client_id b
			key [[pem "oauth2 key" "ecdsa-p256-sha256"]]
			key_id "[[env "oauth2 key_id"]]"
		}
		[[.Trust]]
	}
}
handle_path /json/* {
	partner_proxy [[.Partner]] {
		name json
		bearer token_endpoint [[.Tokens]]/token/good {
			json user "[[env "token_endpoint json"]]"
			header X-Secret "[[file "token_endpoint header"]]"
		}
		[[.Trust]]
	}
}
handle_path /form/* {
	partner_proxy [[.Partner]] {
		name form
		bearer token_endpoint [[.Tokens]]/token/good {
			form password "[[env "token_endpoint form"]]"
			expires_in /expires_in
		}
		[[.Trust]]
	}
}
[[range .TokenFailures]]
handle_path /oauth2-[[.]]/* {
	partner_proxy [[$.Partner]] {
		name oauth2-[[.]]
		timeout [[if eq . "slow"]]300ms[[else]]20s[[end]]
		bearer oauth2 [[$.Tokens]]/token/[[.]] {
			client_id "{env.LEAK_OAUTH2_CLIENT_ID}"
			client_secret {env.LEAK_OAUTH2_CLIENT_SECRET}
		}
		[[$.Trust]]
	}
}
handle_path /json-[[.]]/* {
	partner_proxy [[$.Partner]] {
		name json-[[.]]
		timeout [[if eq . "slow"]]300ms[[else]]20s[[end]]
		bearer token_endpoint [[$.Tokens]]/token/[[.]] {
			json user "{env.LEAK_TOKEN_ENDPOINT_JSON}"
			expires_in /expires_in
		}
		[[$.Trust]]
	}
}
[[end]]
[[range $name, $url := .NoTokens]]
handle_path /[[$name]]/* {
	partner_proxy [[$.Partner]] {
		name [[$name]]
		bearer oauth2 [[$url]]/token/good {
			client_id "{env.LEAK_OAUTH2_CLIENT_ID}"
			client_secret {env.LEAK_OAUTH2_CLIENT_SECRET}
		}
		[[$.Trust]]
	}
}
[[end]]
handle_path /capture/* {
	partner_proxy [[.Partner]] {
		name capture
		capture POST /mint/:id {
			id :id
			token /token
			send X-Captured * /use/:id /status/:id
			drop 401
			strip
		}
		[[.Trust]]
	}
}
handle_path /long/* {
	partnersign_guard {
		client_auth [[env "client_auth in a header"]] X-Proxy-Secret
	}
	reverse_proxy [[.Partner]] {
		transport partnersign {
			upstream [[.Partner]]
			name long
			bearer [[env "long bearer"]]
			tls_trust_pool file [[path "ca.pem"]]
		}
	}
}
handle_path /dfns/* {
	partner_proxy dfns [[.Dfns]] {
		token {file.[[path "dfns token"]]}
		app_id "` + dfnsAppID + `"
		app_secret [[made "dfns app_secret"]]
		app_key [[path "dfns app_key"]]
		credential cr-1 {
			key [[path "dfns credential key"]]
		}
		[[.Trust]]
	}
}
handle_path /offblocks/* {
	partner_proxy offblocks [[.OffBlocks]] {
		api_key [[made "offblocks api_key"]]
		api_secret [[made "offblocks api_secret"]]
		key [[path "offblocks key"]]
		key_id ` + offBlocksKeyID + `
		[[.Trust]]
	}
}
handle_path /dynamic/* {
	partner_proxy dynamic [[.Dynamic]] {
		token {file.[[path "dynamic token"]]}
		sdk_token [[made "dynamic sdk_token"]]
		strip_session
		[[.Trust]]
	}
}
handle_path /proof/* {
	partner_proxy proof [[.Proof]] {
		client_token [[made "proof client_token"]]
		origin ` + proofOrigin + `
		[[.Trust]]
	}
}
handle /webhooks {
	partnersign_verify dfns {
		secret [[env "webhook secret"]]
		secret [[file "webhook secret of before"]]
	}
	respond ok
}
}
http://:[[.ProxyPort]] {
	bind 127.0.0.1
	log
	tracing {
		span tunnel-{http.request.method}
	}
	partner_connect {
		client_auth [[env "connect client_auth"]]
		partner_proxy [[.PartnerByName]] {
			name tunnelled
			bearer [[env "connect bearer"]]
			[[.Trust]]
		}
	}
`

const leakOptions = `
	skip_install_trust
	servers {
		[[.LogCredentials]]
	}
	partnersign {
		body_memory 64KiB
		persist {
			key [[random "persist key" "base64"]]
			previous_key [[random "persist previous_key" "hex"]]
		}
	}
`
