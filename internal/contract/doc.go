// Package contract holds no code, only tests of what the module promises as a whole: the exported API of its packages,
// kept as text in testdata, what its types print, the direction of its imports, and the modules that a program which imports it links.
package contract
