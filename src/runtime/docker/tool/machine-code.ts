/**
 * The program that orch runs on an engine's machine, as the processor reads it. Started with paths in pairs, it renames the first
 * of each pair to the second, in their order, and exits with 0 or with the errno of the first that failed. Started without any,
 * it stands still until SIGTERM or SIGINT, and exits with 0. It needs no library, no file and no interpreter.
 */
export interface Architecture {
  /** As images call it. */
  name: 'amd64' | 'arm64';
  /** e_machine of an ELF file. */
  machine: number;
  /** Each instruction: its bytes in hex, in the order they lie in memory, and what it does. */
  code: readonly (readonly [bytes: string, meaning: string])[];
}

/** A jump counts from the end of the instruction. The kernel's calls: number in eax; rdi, rsi, rdx, r10; answer in eax. */
const amd64: Architecture = {
  name: 'amd64',
  machine: 0x3e,
  code: [
    ['48 8b 1c 24', 'start: mov rbx, [rsp]       how many words were given, the own name among them'],
    ['4c 8d 64 24 10', '       lea r12, [rsp+16]    where the first word after the name stands'],
    ['ff cb', '       dec ebx              how many paths that are'],
    ['74 28', '       jz pause             none'],
    ['49 8b 3c 24', 'next:  mov rdi, [r12]       from'],
    ['49 8b 74 24 08', '       mov rsi, [r12+8]     to; after the last word stands 0, which the kernel refuses'],
    ['b8 52 00 00 00', '       mov eax, 82          rename'],
    ['0f 05', '       syscall'],
    ['85 c0', '       test eax, eax        0, or an errno below it'],
    ['75 09', '       jnz exit'],
    ['49 83 c4 10', '       add r12, 16          the next pair'],
    ['83 eb 02', '       sub ebx, 2'],
    ['7f e3', '       jg next'],
    ['f7 d8', 'exit:  neg eax'],
    ['89 c7', '       mov edi, eax         the exit code'],
    ['b8 e7 00 00 00', '       mov eax, 231         exit_group'],
    ['0f 05', '       syscall'],
    ['68 02 40 00 00', 'pause: push 0x4002          the set of signals: bit 14 is SIGTERM, bit 1 is SIGINT'],
    [
      '31 ff',
      '       xor edi, edi         SIG_BLOCK: process 1 gets a signal that it has no handler for only if it is blocked',
    ],
    ['48 89 e6', '       mov rsi, rsp         the set'],
    ['31 d2', '       xor edx, edx         the old set is not wanted'],
    ['41 ba 08 00 00 00', '       mov r10d, 8          a set has 8 bytes'],
    ['b8 0e 00 00 00', '       mov eax, 14          rt_sigprocmask'],
    ['0f 05', '       syscall'],
    ['48 89 e7', 'wait:  mov rdi, rsp         the set'],
    ['31 f6', '       xor esi, esi         nothing about the signal is wanted'],
    ['31 d2', '       xor edx, edx         no end to the wait'],
    ['41 ba 08 00 00 00', '       mov r10d, 8'],
    ['b8 80 00 00 00', '       mov eax, 128         rt_sigtimedwait'],
    ['0f 05', '       syscall'],
    ['85 c0', '       test eax, eax'],
    ['78 e8', '       js wait              it was stopped and goes on'],
    ['31 c0', '       xor eax, eax'],
    ['eb c0', '       jmp exit'],
  ],
};

/** Every instruction has four bytes, the lowest first; a jump counts from its own beginning. The kernel's calls: number in x8; x0 to x3. */
const arm64: Architecture = {
  name: 'arm64',
  machine: 0xb7,
  code: [
    ['f3 03 40 f9', 'start: ldr x19, [sp]        how many words were given, the own name among them'],
    ['f4 43 00 91', '       add x20, sp, #16     where the first word after the name stands'],
    ['73 06 00 71', '       subs w19, w19, #1    how many paths that are'],
    ['c0 01 00 54', '       b.eq pause           none'],
    ['60 0c 80 12', 'next:  mov w0, #-100        AT_FDCWD: a path that is not absolute begins at the working folder'],
    ['81 02 40 f9', '       ldr x1, [x20]        from'],
    ['62 0c 80 12', '       mov w2, #-100'],
    ['83 06 40 f9', '       ldr x3, [x20, #8]    to; after the last word stands 0, which the kernel refuses'],
    ['c8 04 80 d2', '       mov x8, #38          renameat: there is no rename here'],
    ['01 00 00 d4', '       svc #0'],
    ['80 00 00 35', '       cbnz w0, exit        0, or an errno below it'],
    ['94 42 00 91', '       add x20, x20, #16    the next pair'],
    ['73 0a 00 71', '       subs w19, w19, #2'],
    ['ec fe ff 54', '       b.gt next'],
    ['e0 03 00 4b', 'exit:  neg w0, w0           the exit code'],
    ['c8 0b 80 d2', '       mov x8, #94          exit_group'],
    ['01 00 00 d4', '       svc #0'],
    ['49 00 88 52', 'pause: mov w9, #0x4002      the set of signals: bit 14 is SIGTERM, bit 1 is SIGINT'],
    ['e9 0f 1f f8', '       str x9, [sp, #-16]!'],
    [
      '00 00 80 d2',
      '       mov x0, #0           SIG_BLOCK: process 1 gets a signal that it has no handler for only if it is blocked',
    ],
    ['e1 03 00 91', '       mov x1, sp           the set'],
    ['02 00 80 d2', '       mov x2, #0           the old set is not wanted'],
    ['03 01 80 d2', '       mov x3, #8           a set has 8 bytes'],
    ['e8 10 80 d2', '       mov x8, #135         rt_sigprocmask'],
    ['01 00 00 d4', '       svc #0'],
    ['e0 03 00 91', 'wait:  mov x0, sp           the set'],
    ['01 00 80 d2', '       mov x1, #0           nothing about the signal is wanted'],
    ['02 00 80 d2', '       mov x2, #0           no end to the wait'],
    ['03 01 80 d2', '       mov x3, #8'],
    ['28 11 80 d2', '       mov x8, #137         rt_sigtimedwait'],
    ['01 00 00 d4', '       svc #0'],
    ['40 ff ff 37', '       tbnz w0, #31, wait   it was stopped and goes on'],
    ['00 00 80 52', '       mov w0, #0'],
    ['ed ff ff 17', '       b exit'],
  ],
};

/** Those that the program is written for, by the names that images have for them. */
export const architectures: ReadonlyMap<string, Architecture> = new Map([amd64, arm64].map((one) => [one.name, one]));

/** For a container that is never started. */
export function architectureOrAny(name: string): Architecture {
  return architectures.get(name) ?? amd64;
}
