// Package check holds tests of the deployments: each file is read by the
// library of whoever reads it in earnest, and the image's content is run.
package check
