package keys

import "strings"

// CheckSecret says what is wrong with a reference as [Loader.Secret] takes it,
// without opening it.
func CheckSecret(ref string) error {
	_, err := parseReference(ref)
	return err
}

// CheckKey says what is wrong with a reference as [Loader.Key] takes it,
// without opening it.
func CheckKey(ref string) error {
	_, err := parseKeyReference(ref)
	return err
}

// CheckText says what is wrong with the placeholders of a text as
// [Loader.Text] takes it, without opening them.
func CheckText(s string) error {
	for {
		before, rest, found := strings.Cut(s, "{")
		if !found {
			return nil
		}
		s = rest
		if strings.HasSuffix(before, `\`) {
			continue
		}
		var placeholder string
		if placeholder, s, found = strings.Cut(rest, "}"); !found {
			return errPlaceholder
		}
		placeholder = "{" + placeholder + "}"
		if _, isTime := times[placeholder]; !isTime && CheckSecret(placeholder) != nil {
			return errPlaceholder
		}
	}
}
