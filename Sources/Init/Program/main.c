/// Swift's entry, Sources/Init/Program/EntryPoint.swift.
extern int muster_init(int count, char **arguments);

int main(int count, char **arguments) { return muster_init(count, arguments); }
