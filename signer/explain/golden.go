package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A Difference is what has changed since a golden file was written: lines that
// begin with "-" are the file's, those with "+" are new.
type Difference struct {
	File  string
	Lines []string
}

// Check explains the input of each golden file below dir anew, and returns what
// differs. With update it writes the files anew as well.
func Check(dir string, update bool, explain func(Input) (*Explanation, error)) (files int, different []Difference, _ error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err == nil && len(names) == 0 {
		err = errors.New(dir + " has no golden files (*.json): write one with --json")
	}
	if err != nil {
		return 0, nil, err
	}
	for _, name := range names {
		d, err := check(name, update, explain)
		if err != nil {
			return 0, nil, fmt.Errorf("%s: %w", name, err)
		}
		if d != nil {
			different = append(different, *d)
		}
	}
	return len(names), different, nil
}

func check(name string, update bool, explain func(Input) (*Explanation, error)) (*Difference, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var golden Explanation
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&golden); err != nil {
		return nil, fmt.Errorf("this is not what --json writes: %w", err)
	}
	now, err := explain(golden.Input)
	if err != nil {
		return nil, err
	}
	want, got := golden.lines(), now.lines()
	lines := difference(want, got)
	if lines == nil {
		return nil, nil
	}
	if update {
		var b bytes.Buffer
		if err := now.WriteJSON(&b); err != nil {
			return nil, err
		}
		if err := os.WriteFile(name, b.Bytes(), 0o666); err != nil {
			return nil, err
		}
	}
	return &Difference{name, lines}, nil
}

func (e *Explanation) lines() []string {
	var b bytes.Buffer
	_ = e.WriteJSON(&b) // strings, and a buffer
	return strings.Split(strings.TrimSpace(b.String()), "\n")
}

// difference are the lines that only one of two texts has, by their longest
// common subsequence; nil: there are none.
func difference(old, new []string) (lines []string) {
	common := make([][]int, len(old)+1)
	for i := range common {
		common[i] = make([]int, len(new)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(new) - 1; j >= 0; j-- {
			if old[i] == new[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(old) || j < len(new) {
		switch {
		case i < len(old) && j < len(new) && old[i] == new[j]:
			i, j = i+1, j+1
		case j == len(new) || i < len(old) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, "- "+strings.TrimSpace(old[i]))
			i++
		default:
			lines = append(lines, "+ "+strings.TrimSpace(new[j]))
			j++
		}
	}
	return lines
}
