// Ory Hydra as it is published, for the tests. `go install` refuses modules with replacements.
package main

import "github.com/ory/hydra/v2/cmd"

func main() {
	cmd.Execute()
}
