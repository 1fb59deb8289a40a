package config

import (
	"encoding/json"
	"errors"
	"time"
)

// Duration is a time.Duration that JSON has as text, such as "60s". A number
// is taken as nanoseconds.
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		parsed, err := time.ParseDuration(text)
		*d = Duration(parsed)
		return err
	}
	if json.Unmarshal(data, (*int64)(d)) != nil {
		return errors.New(`expected a duration such as "60s"`)
	}
	return nil
}
