package caddymodule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// newFiles are files that a command has made.
type newFiles []string

// create makes a file that is not there yet, with all of its content on the disk
// when it returns. After an error remove takes back what there is of it.
func (n *newFiles) create(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is not written over: give another name, or remove it if nothing needs it", path)
	}
	if err != nil {
		return err
	}
	*n = append(*n, path)
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// remove takes back what was made.
func (n newFiles) remove() (err error) {
	for _, path := range n {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
