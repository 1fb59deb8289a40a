package message

import "strings"

// credentialWords are in the names of headers that carry credentials.
var credentialWords = []string{"token", "secret", "password", "auth", "session", "cookie", "api-key", "apikey", "x-dfns-useraction"}

// IsCredential reports whether a header by this name may carry a credential, so
// that its value is not shown. The letter case does not matter.
func IsCredential(name string) bool {
	name = strings.ToLower(name)
	for _, word := range credentialWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
